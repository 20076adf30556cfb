"""A network cut in two at the explained layer, so that features are computed once for whatever is asked of them."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
from tf_keras_vis import ModelVisualization

from fracture_core.zoo.architecture import LOGIT_LAYER

# Layer that stands at the cut; the library looks a layer up by its name and explains that layer's output.
_GRID = "grid"


class SplitModel:
    """A network as a first part, from films to features and logit, and a rest, from features to the logit.

    The library's own way is an uncompiled pass over everything for each map; on the small rest its maps are equal
    (`tests/explain/`).

    Args:
        model: a network of the zoo.
        layer: the layer whose grid is explained.
        features: further tensors of the network that the first part gives along.

    Attributes:
        first: films to [grid, logit, *features].
        rest: grid to logit, (batch, 1).
    """

    def __init__(self, model: keras.Model, layer: str, features: Sequence[keras.KerasTensor] = ()):
        grid, logit = model.get_layer(layer).output, model.get_layer(LOGIT_LAYER).output
        self.encoder = keras.Model(model.input, [grid, logit, *features])
        part = keras.Input(grid.shape[1:])
        named = keras.layers.Activation("linear", name=_GRID)(part)
        self.head = keras.Model(part, keras.Model(grid, logit)(named))


def compute_class_activation(cam: ModelVisualization, score: Callable, grid: np.ndarray) -> np.ndarray:
    """A map by one of the library's methods, built on the rest of a `SplitModel`, in the units of the score.

    The library scales each map to 0–1, so that a normal film lights up as much as a broken one; not here.

    Args:
        cam: the method.
        score: from outputs (batch, 1) to scores (batch,).
        grid: features, float32 (batch, rows, columns, channels).

    Returns:
        float32 (batch, rows, columns), 0 or more.
    """
    found = cam(
        score,
        grid,
        penultimate_layer=_GRID,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    return np.asarray(found, np.float32)
