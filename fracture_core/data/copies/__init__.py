"""Which images of a set show the same picture, however it was turned, mirrored, scaled or saved again.

Comparing every image with every other is out of the question for large sets, and comparing small
thumbnails calls two forearms one. So three steps, each harder than the one before:

1. `fingerprint`: the picture's detail around its centre, on rings. Turning the picture shifts the rings.
2. `candidates`: the nearest neighbours of each fingerprint, by numbers that no turn or mirror changes.
3. `compare`: fingerprints laid over each other at every turn; where they leave a doubt, the two pictures
   themselves are registered and compared pixel by pixel.
"""

from fracture_core.data.copies.clusters import Match, clusters
from fracture_core.data.copies.files import find, picture_of
from fracture_core.data.copies.fingerprint import fingerprint

__all__ = ["Match", "clusters", "find", "fingerprint", "picture_of"]
