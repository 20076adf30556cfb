"""The areas of a film where the evidence is strong, as lines around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from fracture_core.imaging import STRONG

if TYPE_CHECKING:
    from fracture_core.opinion import Heat

# Pixels on the longer side of the map that is outlined; it is far coarser than that.
_LONGEST = 600


def strong_areas(heat: Heat) -> list[np.ndarray]:
    """Lines around the strong areas, the largest area first.

    Returns:
        For each area the corners of its border, float (n, 2), n > 2, holding x, y in pixels of the film with the
        corner of the film at (0, 0).
    """
    height, width = heat.placement.source
    shrink = min(1.0, _LONGEST / max(height, width))
    small = max(1, round(height * shrink)), max(1, round(width * shrink))
    found, _ = cv2.findContours(
        (heat.sized(small) >= STRONG).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    stretch = np.array([width / small[1], height / small[0]])
    # OpenCV names centres of pixels.
    lines = [(line[:, 0] + 0.5) * stretch for line in sorted(found, key=cv2.contourArea, reverse=True)]
    return [line for line in lines if len(line) > 2]
