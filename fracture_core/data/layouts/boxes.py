"""Boxes as annotation files give them, checked."""

import math

from fracture_core.data.cases import Box
from fracture_core.data.spellings import meaning

# How far a box may reach over the edge, as a share of the image: drawn by hand, some do.
_OVER = 0.05


def checked(x0: float, y0: float, x1: float, y1: float) -> Box:
    """A box cut to the image.

    Args:
        x0: left edge as a fraction of the image's width; likewise the others.
        y0: upper edge.
        x1: right edge.
        y1: lower edge.

    Raises:
        ValueError: the edges are no numbers, in the wrong order, or off the image.
    """
    edges = (x0, y0, x1, y1)
    if not all(math.isfinite(edge) and -_OVER <= edge <= 1 + _OVER for edge in edges):
        raise ValueError("a box lies off the image")
    left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in edges)
    if not (left < right and top < bottom):
        raise ValueError("a box has no area")
    return left, top, right, bottom


def is_fracture(name: str) -> bool:
    """Whether the class of a box is a fracture; the others of an annotation file do not count."""
    known = meaning(name)
    return known is not None and known.label == 1 and known.finding == "fracture"
