"""Colour images: how coloured they are, and their grey values."""

import cv2
import numpy as np

#: Largest minus smallest of red, green and blue, on 0–255, from which the eye calls a pixel coloured.
VISIBLE_CHROMA = 24

_SAMPLE = 256


def grey(rgb: np.ndarray) -> np.ndarray:
    """Luma of a colour image (ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B).

    Args:
        rgb: uint8 or uint16 array (height, width, 3).

    Returns:
        Array (height, width) of the same type; a pixel with R = G = B keeps its value exactly.
    """
    return cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)


def coloured_share(rgb: np.ndarray) -> float:
    """Share of an image that is visibly coloured.

    Measured on a reduced image, so the colour noise of JPEG averages out.

    Args:
        rgb: uint8 array (height, width, 3).

    Returns:
        Share of pixels in 0–1 whose chroma is above `VISIBLE_CHROMA`.
    """
    scale = min(1.0, _SAMPLE / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    small = cv2.resize(np.ascontiguousarray(rgb), size, interpolation=cv2.INTER_AREA).astype(np.int16)
    return float(np.mean(small.max(axis=-1) - small.min(axis=-1) > VISIBLE_CHROMA))
