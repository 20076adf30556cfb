"""What fracture boxes say of the cells of a fracture map."""

import cv2
import numpy as np

#: In a cell's target, where the boxes do not say whether the cell is broken.
IGNORE = -1.0

#: The map from a canvas to itself.
IDENTITY = np.eye(2, 3)


def cell_targets(
    boxes: np.ndarray | None, matrix: np.ndarray, canvas: tuple[int, int], stride: int
) -> np.ndarray:
    """Whether each cell of the map lies in a fracture.

    A cell counts by its centre, which is the point that the pointing game asks about: the cell most
    likely to lie in a box is then the best to point at. Centres are taken back to the film before it was
    varied, so that boxes stay boxes however the film was turned.

    Args:
        boxes: float (n, 4), x0, y0, x1, y1 in pixels of the unvaried canvas, corner at 0; None for a
            broken film without boxes.
        matrix: (2, 3), from pixel indices of the unvaried canvas to those of the varied, as `augment` gives it.
        canvas: (height, width).
        stride: pixels a cell spans.

    Returns:
        float32 (rows, columns, 1): 1 in a box, else 0; `IGNORE` everywhere for a film without boxes. A
        box between the centres claims the nearest.
    """
    rows, columns = canvas[0] // stride, canvas[1] // stride
    if boxes is None:
        return np.full((rows, columns, 1), IGNORE, np.float32)
    targets = np.zeros((rows, columns), np.float32)
    y, x = (np.mgrid[:rows, :columns] + 0.5) * stride - 0.5
    back = cv2.invertAffineTransform(matrix)
    # Pixel 0 has its centre at 0.5 of the canvas.
    x, y = (row[0] * x + row[1] * y + row[2] + 0.5 for row in back)
    for x0, y0, x1, y1 in boxes:
        # How far a centre lies outside the box.
        away = np.maximum(np.maximum(x0 - x, x - x1), np.maximum(y0 - y, y - y1))
        within = away <= 0
        if not within.any():
            distance = np.hypot(x - (x0 + x1) / 2, y - (y0 + y1) / 2)
            within = (distance == distance.min()) & (away <= stride)
        targets[within] = 1
    return targets[..., None]
