"""Which images of a set show the same picture, however it was turned, mirrored, scaled or saved again.

Comparing every image with every other is out of the question for large sets, and comparing small
thumbnails calls two forearms one. So three steps, each harder than the one before:

1. `compute_fingerprint`: the picture's detail around its centre, on rings. Turning the picture shifts the rings.
2. `candidates`: the nearest neighbours of each fingerprint, by numbers that no turn or mirror changes.
3. `compare`: fingerprints laid over each other at every turn; where they leave a doubt, the two pictures
   themselves are registered and compared pixel by pixel.
"""

from fracture_core.near_duplicates.duplicate_groups import DuplicateMatch, group_duplicates
from fracture_core.near_duplicates.find_duplicates import comparison_image, find_duplicates
from fracture_core.near_duplicates.fingerprint import compute_fingerprint

__all__ = ["DuplicateMatch", "comparison_image", "compute_fingerprint", "find_duplicates", "group_duplicates"]
