"""Targets of a fracture map, computed from bounding boxes, and the loss on the map."""

import cv2
import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

#: Target of a cell without a known label.
IGNORE = -1.0

#: Affine map from a canvas to itself.
IDENTITY: NDArray[np.float64] = np.eye(2, 3)

# Exponent of the focal loss, which reduces the weight of the many easy background cells.
_FOCUS = 2.0


def cell_targets(
    boxes: NDArray[np.float64] | None, matrix: NDArray[np.float64], canvas: tuple[int, int], stride: int
) -> NDArray[np.float32]:
    """Compute which cells of the map lie in a fracture.

    A cell counts by its centre, which the pointing game also uses. Centres are mapped back to the original canvas, so
    that boxes stay axis-parallel under rotation.

    Args:
        boxes: Bounding boxes x0, y0, x1, y1 in pixels of the original canvas, corner at 0, float (n, 4). None for an
            image with a fracture but without boxes.
        matrix: Affine map (2, 3) from pixel indices of the original canvas to those of the augmented image, from
            `augment_image`.
        canvas: Height and width of the canvas.
        stride: Pixels per cell.

    Returns:
        float32 (rows, columns, 1): 1 in a box, otherwise 0. A box that contains no centre marks the nearest cell.
        `IGNORE` everywhere if `boxes` is None.

    Example:
        >>> cell_targets(np.array([[0.0, 0, 8, 8]]), IDENTITY, canvas=(16, 16), stride=8)[..., 0].tolist()
        [[1.0, 0.0], [0.0, 0.0]]
    """
    rows, columns = canvas[0] // stride, canvas[1] // stride
    if boxes is None:
        return np.full((rows, columns, 1), IGNORE, np.float32)
    targets = np.zeros((rows, columns), np.float32)
    y, x = (np.mgrid[:rows, :columns] + 0.5) * stride - 0.5
    inverse = cv2.invertAffineTransform(matrix)
    # The centre of pixel 0 lies at 0.5 of the canvas.
    x, y = (row[0] * x + row[1] * y + row[2] + 0.5 for row in inverse)
    for x0, y0, x1, y1 in boxes:
        # Distance of a centre outside of the box.
        outside = np.maximum(np.maximum(x0 - x, x - x1), np.maximum(y0 - y, y - y1))
        inside = outside <= 0
        if not inside.any():
            distance = np.hypot(x - (x0 + x1) / 2, y - (y0 + y1) / 2)
            inside = (distance == distance.min()) & (outside <= stride)
        targets[inside] = 1
    return targets[..., None]


class MapLoss(keras.losses.Loss):
    """Focal loss (Lin et al. 2017, arXiv:1708.02002) over all cells with a known label.

    The sum over the cells of an image is divided by the number of fractured cells, so that small and large fractures
    have equal weight.
    """

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """Compute the loss of each image.

        Args:
            y_true: Targets from `cell_targets`, float (batch, rows, columns, 1).
            y_pred: Logits of the same shape.

        Returns:
            float (batch,).
        """
        known = ops.cast(y_true != IGNORE, y_pred.dtype)
        fractured = ops.cast(y_true == 1, y_pred.dtype)
        # Logit of a wrong prediction.
        wrong = ops.where(y_true == 1, -y_pred, y_pred)
        loss = known * ops.sigmoid(wrong) ** _FOCUS * ops.softplus(wrong)
        cells = (1, 2, 3)
        return ops.sum(loss, cells) / ops.maximum(ops.sum(fractured, cells), 1.0)
