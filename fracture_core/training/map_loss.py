"""The loss on a fracture map."""

import keras
from keras import ops

from fracture_core.training.map_targets import IGNORE

# Cells that are right already count little: nine in ten are background that is soon learnt.
_FOCUS = 2.0


class MapLoss(keras.losses.Loss):
    """Focal loss (Lin et al. 2017, arXiv:1708.02002) over the cells of which something is known.

    A film's cells are summed and divided by its broken cells, so that a small fracture counts as much
    as a large one.
    """

    def call(self, y_true, y_pred):
        """One value a film.

        Args:
            y_true: float (batch, rows, columns, 1), as `cell_targets` gives it.
            y_pred: logits of the same shape.
        """
        known = ops.cast(y_true != IGNORE, y_pred.dtype)
        broken = ops.cast(y_true == 1, y_pred.dtype)
        # The logit of being wrong.
        wrong = ops.where(y_true == 1, -y_pred, y_pred)
        loss = known * ops.sigmoid(wrong) ** _FOCUS * ops.softplus(wrong)
        cells = (1, 2, 3)
        return ops.sum(loss, cells) / ops.maximum(ops.sum(broken, cells), 1.0)
