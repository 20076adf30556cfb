"""Bounding boxes of annotation files, checked and clipped to the image."""

import math
from typing import NamedTuple

from fracture_core.datasets.cases import Box
from fracture_core.datasets.class_names import class_meaning

# Share of the image by which a box may reach over the edge without a remark: rounding to whole pixels does that.
_ROUNDING = 0.005

# Edges further out than this are no fractions of the image; they are probably pixels.
_FURTHEST = 2.0


class ClippedBox(NamedTuple):
    """A box that lies within the image.

    Attributes:
        box: x0, y0, x1, y1 as fractions of the image, each 0–1.
        clipped: whether it reached over the edge by more than rounding.
    """

    box: Box
    clipped: bool


def clip_box(x0: float, y0: float, x1: float, y1: float) -> ClippedBox:
    """Clip a box to the image.

    Args:
        x0: left edge as a fraction of the image's width.
        y0: upper edge as a fraction of the image's height.
        x1: right edge.
        y1: lower edge.

    Raises:
        ValueError: an edge is not finite, the box has no area, or it lies wholly outside the image. The message is
            the reason, for a remark.
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
        ValueError: as `clip_box`, or the numbers are no fractions of the image.
    """
    if any(math.isfinite(edge) and not -_FURTHEST <= edge <= _FURTHEST for edge in (x0, y0, x1, y1)):
        raise ValueError("its edges are not fractions of the image")
    return clip_box(x0, y0, x1, y1)


def is_fracture_class(name: str) -> bool:
    """Whether the class of a box is a fracture; the others of an annotation file do not count."""
    known = class_meaning(name)
    return known is not None and known.label == 1 and known.finding == "fracture"
