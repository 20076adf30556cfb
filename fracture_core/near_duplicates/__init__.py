"""Near-duplicate detection: images that are equal after rotation, mirroring, rescaling or saving again.

Comparing all pairs is too slow for large datasets, and small thumbnails do not distinguish two forearms.
The search therefore has three steps, each more exact than the one before:

1. `compute_fingerprint` samples the detail of an image on rings around its centre. Rotation shifts the rings.
2. `candidates` finds the nearest neighbours of each fingerprint by rotation- and mirror-invariant descriptors.
3. `registration` aligns two fingerprints at every rotation. Doubtful pairs are registered and compared pixel
   by pixel.
"""

from fracture_core.near_duplicates.duplicate_groups import DuplicateMatch, group_duplicates
from fracture_core.near_duplicates.find_duplicates import comparison_image, find_duplicates
from fracture_core.near_duplicates.fingerprint import compute_fingerprint

__all__ = ["DuplicateMatch", "comparison_image", "compute_fingerprint", "find_duplicates", "group_duplicates"]
