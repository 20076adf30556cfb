"""Detection of side markers, burnt-in letters and the empty frame of the collimator."""

import cv2
import numpy as np
from numpy.typing import NDArray

# Grey level (0–255) from which a pixel can belong to a metal letter or burnt-in text.
_WHITE = 230

# Smallest and largest height, and largest width, of a letter or short word, as shares of the longer side.
_MIN_HEIGHT, _MAX_HEIGHT, _MAX_WIDTH = 0.015, 0.12, 0.3

# A letter fills this share of its bounding box. A plate fills more, a scratch less.
_MIN_FILL, _MAX_FILL = 0.15, 0.85

# A shape lies on background, not on bone, if the median grey level around it is lower.
_MAX_BACKGROUND = 115

# A row or column is empty if its grey levels span at most this range.
_MAX_EMPTY_RANGE = 12


def count_markers(image: NDArray[np.uint8]) -> int:
    """Count white, letter-sized shapes on dark background.

    Args:
        image: uint8 (rows, columns), reduced to about 256 pixels on the longer side.

    Returns:
        An approximate count, meant for comparisons between images.
    """
    white = cv2.threshold(image, _WHITE - 1, 1, cv2.THRESH_BINARY)[1].astype(np.uint8, copy=False)
    contours, _ = cv2.findContours(white, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return sum(_is_letter(image, white, *cv2.boundingRect(contour)) for contour in contours)


def _is_letter(
    image: NDArray[np.uint8], white: NDArray[np.uint8], left: int, top: int, width: int, height: int
) -> bool:
    longer_side = max(image.shape)
    if not (
        _MIN_HEIGHT * longer_side <= height <= _MAX_HEIGHT * longer_side and width <= _MAX_WIDTH * longer_side
    ):
        return False
    if not _MIN_FILL <= float(white[top : top + height, left : left + width].mean()) <= _MAX_FILL:
        return False
    margin = max(2, height // 3)
    rows = slice(max(top - margin, 0), top + height + margin)
    surroundings = image[rows, max(left - margin, 0) : left + width + margin]
    border = np.concatenate([surroundings[0], surroundings[-1], surroundings[:, 0], surroundings[:, -1]])
    return bool(np.median(border) < _MAX_BACKGROUND)


def empty_frame_share(image: NDArray[np.uint8]) -> float:
    """Return the share of an image taken by empty rows and columns at its edges.

    Args:
        image: uint8 (rows, columns).

    Returns:
        0 for an image exposed to its edges, 1 for an empty image.
    """
    exposed_share = 1.0
    for axis in (0, 1):
        exposed = np.flatnonzero(np.ptp(image, axis=axis) > _MAX_EMPTY_RANGE)
        if not exposed.size:
            return 1.0
        exposed_share *= (int(exposed[-1]) - int(exposed[0]) + 1) / image.shape[1 - axis]
    return 1.0 - exposed_share
