"""What lies on a film beside the limb: letters, metal markers, and the empty frame of the collimator."""

import cv2
import numpy as np

#: Grey level from which a pixel can belong to a metal letter or a burnt-in text.
_WHITE = 0.9

#: Height and width of a letter or a short word, as shares of the film's longer side.
_SMALLEST, _TALLEST, _WIDEST = 0.015, 0.12, 0.3

#: How much of its box a letter fills: a dot or a plate fills all, a scratch nearly nothing.
_THIN, _FULL = 0.15, 0.85

#: Grey level of the surroundings below which they are background and not bone.
_GROUND = 0.45

#: Difference of grey levels along a line of the film up to which it is empty.
_FLAT = 0.05


def count_marks(pixels: np.ndarray) -> int:
    """Counts white, letter-sized shapes on dark ground, where bone does not lie.

    Args:
        pixels: float32 (rows, columns), 0–1, a film reduced to about 256 pixels.

    Returns:
        How many; a rough number, meant to be compared between films.
    """
    white = (pixels >= _WHITE).astype(np.uint8)
    if not white.any():
        return 0
    rows, columns = pixels.shape
    longer = max(rows, columns)
    count, _, stats, _ = cv2.connectedComponentsWithStats(white, connectivity=8)
    marks = 0
    for left, top, width, height, area in stats[1:count]:
        letter = (
            _SMALLEST * longer <= height <= _TALLEST * longer
            and width <= _WIDEST * longer
            and _THIN <= area / (width * height) <= _FULL
        )
        if letter:
            margin = max(2, height // 3)
            around = pixels[
                max(top - margin, 0) : top + height + margin, max(left - margin, 0) : left + width + margin
            ]
            marks += bool(np.median(np.concatenate([around[0], around[-1], around[:, 0], around[:, -1]])) < _GROUND)
    return marks


def empty_frame(pixels: np.ndarray) -> float:
    """Share of a film taken by lines at its edges that hold nothing.

    Args:
        pixels: float32 (rows, columns), 0–1.

    Returns:
        0 for a film exposed to its edges, 1 for an empty one.
    """
    inside = 1.0
    for axis in (0, 1):
        lively = np.flatnonzero(np.ptp(pixels, axis=axis) > _FLAT)
        if not lively.size:
            return 1.0
        inside *= (lively[-1] - lively[0] + 1) / pixels.shape[1 - axis]
    return 1.0 - inside
