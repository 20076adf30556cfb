"""Fitting of the standardisation layer to the mean and variance of the training split."""

import keras
import numpy as np

from fracture_core.imaging import normalise_canvas
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo.architecture import STANDARDISE_LAYER

_BATCH_SIZE = 64


def standardise(model: keras.Model, data: TrainingData) -> None:
    """Set the mean and variance of a network's standardisation layer from the training images.

    Validation and test images are not used. A network without such a layer is left unchanged.

    Args:
        model: Network of the zoo, changed in place.
        data: Data of the run.
    """
    if STANDARDISE_LAYER not in {layer.name for layer in model.layers}:
        return
    rows = data.rows[data.indices_of("train")]
    pixels, total, squares = 0, 0.0, 0.0
    for start in range(0, len(rows), _BATCH_SIZE):
        batch = data.canvases[rows[start : start + _BATCH_SIZE]]
        values = normalise_canvas(batch, data.spec).astype(np.float64)
        pixels += values.size
        total += float(values.sum())
        squares += float((values**2).sum())
    mean = total / pixels
    model.get_layer(STANDARDISE_LAYER).load_own_variables(
        {
            "0": np.float32(mean),
            "1": np.float32(max(squares / pixels - mean**2, 1e-12)),
            "2": np.int32(pixels and 1),
        }
    )
