"""Image fingerprints: exposure-independent detail, sampled on rings around the centre.

Rotating an image about its centre shifts every ring by the same angle, and mirroring reverses the rings.
The image is resized to a square first, so that scale and aspect ratio do not matter. The corners outside
the inscribed circle are left out, because rotated copies lose them.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

#: Samples per ring, and number of rings.
ANGLES, RADII = 128, 32

#: Side in pixels of the square that an image is resized to.
FINGERPRINT_SIDE = 96

#: Local standard deviation, on a scale of 0–1, below which detail counts as noise.
NOISE_FLOOR = 0.004

# Sigmas for `normalised_detail` at this side.
_FINE, _COARSE, _AROUND = 0.7, 3.0, 4.0

# Outer rings cover more of the image.
_WEIGHT = np.sqrt(np.arange(RADII, dtype=np.float32) + 0.5)


def normalised_detail(
    image: NDArray[np.float32], fine: float, coarse: float, around: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Band-pass filter an image and divide by the local standard deviation.

    Without the normalisation one bright edge would dominate, and all forearms would agree.

    Args:
        image: float32 (rows, columns), 0–1.
        fine: sigma in pixels. Finer structure is removed, because it does not survive recompression.
        coarse: sigma in pixels. Coarser structure is removed, because all images of one view share it.
        around: sigma in pixels of the neighbourhood whose standard deviation is used.

    Returns:
        The detail, about −3…3, and the local standard deviation; both float32 (rows, columns).
    """
    band = cv2.GaussianBlur(image, (0, 0), fine) - cv2.GaussianBlur(image, (0, 0), coarse)
    deviation = np.sqrt(cv2.GaussianBlur(band * band, (0, 0), around))
    return np.asarray(band / (deviation + NOISE_FLOOR), np.float32), np.asarray(deviation, np.float32)


def compute_fingerprint(pixels: NDArray[np.float32]) -> NDArray[np.int8]:
    """Compute the fingerprint of an image.

    Args:
        pixels: float32 (rows, columns), 0–1.

    Returns:
        int8 (RADII, ANGLES), scaled to its own maximum; all zero for an image without detail.

    Example:
        >>> blank = np.zeros((50, 60), np.float32)
        >>> fingerprint = compute_fingerprint(blank)
        >>> fingerprint.shape, bool(fingerprint.any())
        ((32, 128), False)
    """
    small = cv2.resize(
        np.ascontiguousarray(pixels, np.float32),
        (FINGERPRINT_SIDE, FINGERPRINT_SIDE),
        interpolation=cv2.INTER_AREA,
    ).astype(np.float32, copy=False)
    centre = (FINGERPRINT_SIDE - 1) / 2
    rings = cv2.warpPolar(
        normalised_detail(small, _FINE, _COARSE, _AROUND)[0],
        (RADII, ANGLES),
        (centre, centre),
        FINGERPRINT_SIDE / 2 - 1,
        cv2.WARP_POLAR_LINEAR | cv2.INTER_LINEAR,
    )
    rings *= _WEIGHT
    maximum = float(np.abs(rings).max())
    if maximum < 0.1:
        return np.zeros((RADII, ANGLES), np.int8)
    return np.round(rings.T * (127 / maximum)).astype(np.int8, order="C")
