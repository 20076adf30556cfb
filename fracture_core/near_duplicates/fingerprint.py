"""A picture's fingerprint: its detail around the centre, sampled on rings.

Turning a picture about its centre shifts every ring by the same angle, mirroring runs the rings
backwards, and squeezing the picture into a square first makes scale and aspect vanish. The corners
outside the inscribed circle are left out: turned copies lose them.
"""

import cv2
import numpy as np

from fracture_core.near_duplicates.detail import normalised_detail

#: Samples along a ring, and rings.
ANGLES, RADII = 128, 32

#: Side in pixels of the square into which a picture is squeezed.
FINGERPRINT_SIDE = 96

# Sigmas for `normalised_detail` at that side.
_FINE, _COARSE, _AROUND = 0.7, 3.0, 4.0

# Outer rings cover more of the picture.
_WEIGHT = np.sqrt(np.arange(RADII, dtype=np.float32) + 0.5)


def compute_fingerprint(pixels: np.ndarray) -> np.ndarray:
    """The fingerprint of a picture.

    Args:
        pixels: float32 (rows, columns), 0–1.

    Returns:
        int8 (RADII, ANGLES), scaled to its own largest value; all zero for a picture without detail.
    """
    small = cv2.resize(
        np.ascontiguousarray(pixels, np.float32),
        (FINGERPRINT_SIDE, FINGERPRINT_SIDE),
        interpolation=cv2.INTER_AREA,
    )
    centre = (FINGERPRINT_SIDE - 1) / 2
    rings = cv2.warpPolar(
        normalised_detail(small, _FINE, _COARSE, _AROUND)[0],
        (RADII, ANGLES),
        (centre, centre),
        FINGERPRINT_SIDE / 2 - 1,
        cv2.WARP_POLAR_LINEAR | cv2.INTER_LINEAR,
    )
    rings *= _WEIGHT
    top = float(np.abs(rings).max())
    if top < 0.1:
        return np.zeros((RADII, ANGLES), np.int8)
    return np.round(rings.T * (127 / top)).astype(np.int8, order="C")
