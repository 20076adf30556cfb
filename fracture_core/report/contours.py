"""The areas of a film where the evidence is strong, as lines around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Heatmap


def strong_contours(heat: Heatmap) -> list[np.ndarray]:
    """The contours that the viewer draws, the largest area first.

    Returns:
        For each area the corners of its border, float32 (n, 2), n > 2, holding x, y in pixels of the film with the
        corner of the film at (0, 0).
    """
    lines = [np.array(line, np.float32) for line in heat.contours if len(line) > 2]
    return sorted(lines, key=cv2.contourArea, reverse=True)
