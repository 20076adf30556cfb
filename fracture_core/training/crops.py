"""Random crops of training films, with labels from the fracture boxes.

Close-ups and films whose anatomy fills a small part of the frame are both common, so a network has to learn several
scales. A crop shows a window of the film's canvas, enlarged or reduced to the network's input.
"""

from dataclasses import dataclass

import cv2
import numpy as np

# A crop is positive when it shows at least this share of a fracture box, and negative when it shows at most this share
# of every box. Crops in between have no clear label.
_POSITIVE, _NEGATIVE = 0.6, 0.1

# Share of the close-ups of a fractured film that are aimed at a box.
_AIMED = 0.7

# Where the chosen point lies in the window, as a share of its side.
_INSIDE = (0.15, 0.85)

# The canvas is reduced by this factor to choose a bright point.
_COARSE = 8


@dataclass(frozen=True)
class CropSettings:
    """How often and how far training films are cropped.

    Attributes:
        share: of the looks that show a crop, 0–1.
        smallest: side of the smallest window, as a share of the canvas.
        largest: side of the largest window; above 1 the film is shown smaller than the canvas.
        label_weights: weight in the loss of a film without and of one with a fracture.
    """

    share: float
    smallest: float
    largest: float
    label_weights: tuple[float, float]


def choose_crop(
    canvas: np.ndarray, boxes: np.ndarray | None, settings: CropSettings, rng: np.random.Generator
) -> np.ndarray | None:
    """Draws whether a film is cropped, and where.

    Sides are drawn evenly on a logarithmic scale. A close-up of a fractured film is aimed at a box most of the time;
    other close-ups are aimed at a bright pixel, so that they show anatomy and not background. Without boxes a fractured
    film is only shown smaller, because the label of a close-up would be unknown.

    Args:
        canvas: uint8 (height, width), letterboxed.
        boxes: float (n, 4), x0, y0, x1, y1 in pixels of the canvas; None for a fractured film without boxes.
        settings: how often and how far.
        rng: source of randomness.

    Returns:
        The affine map (2, 3) from pixel indices of the canvas to those of the crop; None for the whole film.
    """
    if rng.random() >= settings.share:
        return None
    smallest = settings.smallest if boxes is not None else min(1.0, settings.largest)
    side = float(np.exp(rng.uniform(np.log(smallest), np.log(settings.largest))))
    height, width = canvas.shape
    extent = np.array([width, height], float)
    room = extent * (1 - side)
    if side >= 1:
        # The window holds the whole canvas, which lies anywhere in it.
        corner = rng.uniform(room, 0)
    else:
        if boxes is not None and len(boxes) and rng.random() < _AIMED:
            x0, y0, x1, y1 = boxes[rng.integers(len(boxes))]
            point = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        else:
            point = _bright_point(canvas, rng)
        corner = np.clip(point - rng.uniform(*_INSIDE, size=2) * extent * side, 0, room)
    # Pixel 0 has its centre at 0.5 of the canvas.
    shift = (0.5 - corner) / side - 0.5
    return np.array([[1 / side, 0, shift[0]], [0, 1 / side, shift[1]]])


def crop_label(boxes: np.ndarray | None, matrix: np.ndarray, canvas: tuple[int, int]) -> int | None:
    """Returns the label of a crop of a fractured film.

    Args:
        boxes: float (n, 4), in pixels of the canvas; None for a fractured film without boxes.
        matrix: affine map (2, 3) from pixel indices of the canvas to those of the crop.
        canvas: (height, width) of the crop.

    Returns:
        1 when the crop shows enough of a box or the film has no boxes, 0 when it shows next to nothing of any box,
        None when it is ambiguous.
    """
    if boxes is None:
        return 1
    most = max((_visible_share(box, matrix, canvas) for box in boxes), default=0.0)
    if most >= _POSITIVE:
        return 1
    return 0 if most <= _NEGATIVE else None


def _visible_share(box: np.ndarray, matrix: np.ndarray, canvas: tuple[int, int]) -> float:
    """Share of a box's area that lies on the crop, 0–1."""
    x0, y0, x1, y1 = box
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) - 0.5
    moved = (corners @ matrix[:, :2].T + matrix[:, 2] + 0.5).astype(np.float32)
    height, width = canvas
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    area = cv2.contourArea(moved)
    return cv2.intersectConvexConvex(moved, frame)[0] / area if area > 0 else 0.0


def _bright_point(canvas: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws a point (x, y) of the canvas in proportion to its brightness; the centre where all is black."""
    height, width = canvas.shape
    rows, columns = max(1, height // _COARSE), max(1, width // _COARSE)
    small = cv2.resize(canvas, (columns, rows), interpolation=cv2.INTER_AREA)
    total = np.cumsum(small, dtype=np.float64)
    if not total[-1]:
        return np.array([width / 2, height / 2])
    place = min(int(np.searchsorted(total, rng.random() * total[-1], side="right")), small.size - 1)
    row, column = divmod(place, columns)
    return np.array([(column + 0.5) * width / columns, (row + 0.5) * height / rows])
