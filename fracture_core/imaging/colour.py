"""Colour images: share of coloured pixels and conversion to grey."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

#: Chroma above which a pixel is visibly coloured: largest minus smallest of red, green and blue, 0–255.
VISIBLE_CHROMA = 24

_SAMPLE = 256

# Share of coloured pixels above which the stated colour space of a radiograph is doubtful.
_COLOURED = 0.10


def to_grey(rgb: NDArray[Any]) -> NDArray[Any]:
    """Convert a colour image to luma (ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B).

    Args:
        rgb: uint8 or uint16 array (height, width, 3).

    Returns:
        Array (height, width) of the same dtype; a pixel with R = G = B keeps its value exactly.
    """
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY))


def measure_coloured_share(rgb: NDArray[np.uint8]) -> float:
    """Measure the share of an image that is visibly coloured.

    The image is reduced first, which averages out the colour noise of JPEG.

    Args:
        rgb: uint8 array (height, width, 3).

    Returns:
        Share of pixels in 0–1 whose chroma is above `VISIBLE_CHROMA`.
    """
    scale = min(1.0, _SAMPLE / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    small = cv2.resize(np.ascontiguousarray(rgb), size, interpolation=cv2.INTER_AREA).astype(np.int16)
    return float(np.mean(small.max(axis=-1) - small.min(axis=-1) > VISIBLE_CHROMA))


def is_coloured(rgb: NDArray[np.uint8]) -> bool:
    """Whether the coloured area is larger than a marker or a stamp."""
    return measure_coloured_share(rgb) > _COLOURED


def grey_if_ycbcr(rgb: NDArray[Any]) -> NDArray[Any]:
    """Convert a grey image that is labelled RGB but contains YCbCr values.

    Interpreted as RGB, such an image is coloured nearly everywhere; interpreted as YCbCr, it is grey. A real colour
    image is coloured in both cases.

    Args:
        rgb: array (height, width, 3).

    Returns:
        The image in RGB: converted if it contains YCbCr values, otherwise unchanged.
    """
    if rgb.dtype != np.uint8 or not is_coloured(rgb):
        return rgb
    # OpenCV's order is Y, Cr, Cb.
    converted = np.asarray(
        cv2.cvtColor(np.ascontiguousarray(rgb[..., (0, 2, 1)]), cv2.COLOR_YCrCb2RGB), np.uint8
    )
    return rgb if is_coloured(converted) else converted
