"""Colour images: how coloured they are, and their grey values."""

import cv2
import numpy as np

#: Largest minus smallest of red, green and blue, on 0–255, from which the eye calls a pixel coloured.
VISIBLE_CHROMA = 24

_SAMPLE = 256

# Share of coloured pixels from which the colour space of a film is doubted.
_COLOURED = 0.10


def to_grey(rgb: np.ndarray) -> np.ndarray:
    """Luma of a colour image (ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B).

    Args:
        rgb: uint8 or uint16 array (height, width, 3).

    Returns:
        Array (height, width) of the same type; a pixel with R = G = B keeps its value exactly.
    """
    return cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)


def measure_coloured_share(rgb: np.ndarray) -> float:
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


def is_coloured(rgb: np.ndarray) -> bool:
    """Whether more of an image is visibly coloured than a marker or a stamp would be."""
    return measure_coloured_share(rgb) > _COLOURED


def grey_if_ycbcr(rgb: np.ndarray) -> np.ndarray:
    """Convert an image that is labelled RGB and holds YCbCr of a grey film.

    Read as RGB such an image is coloured nearly everywhere; read as YCbCr it is grey. A real colour image is coloured
    either way.

    Args:
        rgb: array (height, width, 3).

    Returns:
        The image in RGB: converted where it is YCbCr, else unchanged.
    """
    if rgb.dtype != np.uint8 or not is_coloured(rgb):
        return rgb
    # OpenCV's order is Y, Cr, Cb.
    converted = cv2.cvtColor(np.ascontiguousarray(rgb[..., (0, 2, 1)]), cv2.COLOR_YCrCb2RGB)
    return rgb if is_coloured(converted) else converted
