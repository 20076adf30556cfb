"""Bounding boxes of annotation files, validated and clipped to the image."""

import math
from typing import NamedTuple

from fracture_core.datasets.cases import Box
from fracture_core.datasets.class_names import class_meaning

# A box may exceed the image by this share without a remark, because of rounding to whole pixels.
_ROUNDING = 0.005

# Edges with a larger magnitude are probably in pixels, not fractions of the image.
_MAX_FRACTION = 2.0


class ClippedBox(NamedTuple):
    """A box that lies within the image.

    Attributes:
        box: x0, y0, x1, y1 as fractions of the image, 0–1.
        clipped: whether the box exceeded the image by more than rounding.
    """

    box: Box
    clipped: bool


def clip_box(x0: float, y0: float, x1: float, y1: float) -> ClippedBox:
    """Clip a box to the image.

    Args:
        x0: left edge as a fraction of the image's width.
        y0: upper edge as a fraction of the image's height.
        x1: right edge as a fraction of the image's width.
        y1: lower edge as a fraction of the image's height.

    Raises:
        ValueError: If an edge is not finite, or the box has no area or lies outside the image. Dataset remarks quote
            the message.

    Example:
        >>> clip_box(-0.1, 0.2, 0.4, 0.5)
        ClippedBox(box=(0.0, 0.2, 0.4, 0.5), clipped=True)
    """
    edges = (x0, y0, x1, y1)
    if not all(math.isfinite(edge) for edge in edges):
        raise ValueError("an edge is not a finite number")
    if x1 < x0 or y1 < y0:
        raise ValueError("its width or height is negative")
    if x1 <= 0 or y1 <= 0 or x0 >= 1 or y0 >= 1:
        raise ValueError("it lies outside the image")
    left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in edges)
    if not (left < right and top < bottom):
        raise ValueError("it has no area")
    return ClippedBox((left, top, right, bottom), max(-x0, -y0, x1 - 1, y1 - 1) > _ROUNDING)


def clip_fractions(x0: float, y0: float, x1: float, y1: float) -> ClippedBox:
    """Clip a box that a file gives as fractions of the image; see `clip_box`.

    Raises:
        ValueError: See `clip_box`; also if the numbers are not fractions of the image.
    """
    if any(math.isfinite(edge) and not -_MAX_FRACTION <= edge <= _MAX_FRACTION for edge in (x0, y0, x1, y1)):
        raise ValueError("its edges are not fractions of the image")
    return clip_box(x0, y0, x1, y1)


def is_fracture_class(name: str) -> bool:
    """Check whether a box class means a fracture. Boxes of other classes are ignored."""
    meaning = class_meaning(name)
    return meaning is not None and meaning.label == 1 and meaning.finding == "fracture"
