"""The training split's mean and deviation, for networks that are fed films freed of them."""

import keras
import numpy as np

from fracture_core.imaging import normalise_canvas
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo.architecture import STANDARDISE_LAYER

_AT_ONCE = 64


def standardise(model: keras.Model, films: TrainingData) -> None:
    """Gives a network's first layer the mean and the deviation of the training films; nothing for other networks.

    Validation and test films are not looked at.

    Args:
        model: a network of the zoo.
        films: the data.
    """
    if STANDARDISE_LAYER not in {layer.name for layer in model.layers}:
        return
    rows = films.rows[films.indices_of("train")]
    pixels, total, squares = 0, 0.0, 0.0
    for start in range(0, len(rows), _AT_ONCE):
        part = normalise_canvas(films.canvases[rows[start : start + _AT_ONCE]], films.spec).astype(np.float64)
        pixels += part.size
        total += float(part.sum())
        squares += float((part**2).sum())
    mean = total / pixels
    model.get_layer(STANDARDISE_LAYER).load_own_variables(
        {
            "0": np.float32(mean),
            "1": np.float32(max(squares / pixels - mean**2, 1e-12)),
            "2": np.int32(pixels and 1),
        }
    )
