"""What lies on a film beside the limb: letters, metal markers, and the empty frame of the collimator."""

import cv2
import numpy as np

#: Grey level (0–255) from which a pixel can belong to a metal letter or a burnt-in text.
_WHITE = 230

#: Height and width of a letter or a short word, as shares of the film's longer side.
_SMALLEST, _TALLEST, _WIDEST = 0.015, 0.12, 0.3

#: How much of its box a letter fills: a dot or a plate fills all, a scratch nearly nothing.
_THIN, _FULL = 0.15, 0.85

#: Grey level of the surroundings below which they are background and not bone.
_GROUND = 115

#: Difference of grey levels along a line of the film up to which it is empty.
_FLAT = 12


def count_markers(levels: np.ndarray) -> int:
    """Counts white, letter-sized shapes on dark ground, where bone does not lie.

    Args:
        levels: uint8 (rows, columns), a film reduced to about 256 pixels.

    Returns:
        How many; a rough number, meant to be compared between films.
    """
    white = cv2.threshold(levels, _WHITE - 1, 1, cv2.THRESH_BINARY)[1]
    shapes, _ = cv2.findContours(white, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return sum(_is_letter(levels, white, *cv2.boundingRect(shape)) for shape in shapes)


def _is_letter(levels: np.ndarray, white: np.ndarray, left: int, top: int, width: int, height: int) -> bool:
    longer = max(levels.shape)
    if not (_SMALLEST * longer <= height <= _TALLEST * longer and width <= _WIDEST * longer):
        return False
    if not _THIN <= float(white[top : top + height, left : left + width].mean()) <= _FULL:
        return False
    margin = max(2, height // 3)
    rows = slice(max(top - margin, 0), top + height + margin)
    around = levels[rows, max(left - margin, 0) : left + width + margin]
    edge = np.concatenate([around[0], around[-1], around[:, 0], around[:, -1]])
    return bool(np.median(edge) < _GROUND)


def empty_frame_share(levels: np.ndarray) -> float:
    """Share of a film taken by lines at its edges that hold nothing.

    Args:
        levels: uint8 (rows, columns).

    Returns:
        0 for a film exposed to its edges, 1 for an empty one.
    """
    inside = 1.0
    for axis in (0, 1):
        lively = np.flatnonzero(np.ptp(levels, axis=axis) > _FLAT)
        if not lively.size:
            return 1.0
        inside *= (lively[-1] - lively[0] + 1) / levels.shape[1 - axis]
    return 1.0 - inside
