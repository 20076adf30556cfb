"""Random crops of training images, with labels from the fracture boxes.

In some images the anatomy fills the frame, in others a small part of it, so a network has to learn several scales. A
crop shows a window of the canvas, resized to the network's input.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# A crop is positive if it shows at least this share of a fracture box, and negative if it shows at most this share of
# every box. Crops in between have no clear label.
_POSITIVE, _NEGATIVE = 0.6, 0.1

# Share of the close-ups of a fractured image that are aimed at a box.
_AIMED = 0.7

# Range of the chosen point's position in the window, as a fraction of its side.
_INSIDE = (0.15, 0.85)

# The canvas is reduced by this factor to choose a bright point.
_COARSE = 8


@dataclass(frozen=True)
class CropSettings:
    """Settings of random crops.

    Attributes:
        share: Share of cropped images, 0–1.
        smallest: Side of the smallest window as a fraction of the canvas.
        largest: Side of the largest window; above 1 the image is shown smaller than the canvas.
        label_weights: Weight in the loss of an image without and of one with a fracture.
    """

    share: float
    smallest: float
    largest: float
    label_weights: tuple[float, float]


def choose_crop(
    canvas: NDArray[np.uint8],
    boxes: NDArray[np.float64] | None,
    settings: CropSettings,
    rng: np.random.Generator,
) -> NDArray[np.float64] | None:
    """Choose randomly whether and where an image is cropped.

    Sides are uniform on a logarithmic scale. Most close-ups of a fractured image are aimed at a box. Other close-ups
    are aimed at a bright pixel, so that they show anatomy instead of background. A fractured image without boxes is
    only shown smaller, because the label of a close-up would be unknown.

    Args:
        canvas: Letterboxed image, uint8 (height, width).
        boxes: Bounding boxes x0, y0, x1, y1 in pixels of the canvas, float (n, 4); None for a fractured image without
            boxes.
        settings: Settings of the crops.
        rng: Random generator.

    Returns:
        The affine map (2, 3) from pixel indices of the canvas to those of the crop; None for the whole image.
    """
    if rng.random() >= settings.share:
        return None
    smallest = settings.smallest if boxes is not None else min(1.0, settings.largest)
    side = float(np.exp(rng.uniform(np.log(smallest), np.log(settings.largest))))
    height, width = canvas.shape
    extent = np.array([width, height], float)
    slack = extent * (1 - side)
    if side >= 1:
        # The window contains the whole canvas at a random position.
        corner = rng.uniform(slack, 0)
    else:
        if boxes is not None and len(boxes) and rng.random() < _AIMED:
            x0, y0, x1, y1 = boxes[rng.integers(len(boxes))]
            point = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        else:
            point = _bright_point(canvas, rng)
        corner = np.clip(point - rng.uniform(*_INSIDE, size=2) * extent * side, 0, slack)
    # The centre of pixel 0 lies at 0.5 of the canvas.
    shift = (0.5 - corner) / side - 0.5
    return np.array([[1 / side, 0, shift[0]], [0, 1 / side, shift[1]]])


def crop_label(
    boxes: NDArray[np.float64] | None, matrix: NDArray[np.float64], canvas: tuple[int, int]
) -> int | None:
    """Determine the label of a crop of a fractured image.

    Args:
        boxes: Bounding boxes in pixels of the canvas, float (n, 4); None for a fractured image without boxes.
        matrix: Affine map (2, 3) from pixel indices of the canvas to those of the crop.
        canvas: Height and width of the crop.

    Returns:
        1 if the crop shows enough of a box or the image has no boxes, 0 if it shows almost nothing of any box, and
        None if it is ambiguous.

    Example:
        >>> identity = np.eye(2, 3)
        >>> crop_label(np.array([[40.0, 40, 56, 60]]), identity, canvas=(64, 64))
        1
        >>> crop_label(np.array([[70.0, 40, 90, 60]]), identity, canvas=(64, 64))
        0
    """
    if boxes is None:
        return 1
    largest_share = max((_visible_share(box, matrix, canvas) for box in boxes), default=0.0)
    if largest_share >= _POSITIVE:
        return 1
    return 0 if largest_share <= _NEGATIVE else None


def _visible_share(box: NDArray[np.float64], matrix: NDArray[np.float64], canvas: tuple[int, int]) -> float:
    """Compute the share of a box's area that lies on the crop, 0–1."""
    x0, y0, x1, y1 = box
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) - 0.5
    moved = (corners @ matrix[:, :2].T + matrix[:, 2] + 0.5).astype(np.float32)
    height, width = canvas
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    area = cv2.contourArea(moved)
    return float(cv2.intersectConvexConvex(moved, frame)[0] / area) if area > 0 else 0.0


def _bright_point(canvas: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a point (x, y) with a probability proportional to its brightness; the centre of a black image."""
    height, width = canvas.shape
    rows, columns = max(1, height // _COARSE), max(1, width // _COARSE)
    small = cv2.resize(canvas, (columns, rows), interpolation=cv2.INTER_AREA)
    total = np.cumsum(small, dtype=np.float64)
    if not total[-1]:
        return np.array([width / 2, height / 2])
    position = min(int(np.searchsorted(total, rng.random() * total[-1], side="right")), small.size - 1)
    row, column = divmod(position, columns)
    return np.array([(column + 0.5) * width / columns, (row + 0.5) * height / rows])
