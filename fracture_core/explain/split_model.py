"""A network split at its heatmap layer, so that several heatmaps share one forward pass."""

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray
from tf_keras_vis import ModelVisualization

from fracture_core.explain.scores import ScoreFunction
from fracture_core.zoo.architecture import LOGIT_LAYER

# First layer of the head. tf-keras-vis finds a layer by its name and explains that layer's output.
_GRID_LAYER = "grid"


class SplitModel:
    """A network split into an encoder, from image to feature map and logit, and a head, from feature map to logit.

    tf-keras-vis runs the whole network uncompiled for each heatmap. On the small head alone the heatmaps are equal.

    Args:
        model: Network of the zoo.
        layer: Layer to explain; its output has shape (batch, rows, columns, channels).
        features: Further tensors of the network that the encoder returns.

    Attributes:
        encoder: Model from images to [feature map, logit, *features].
        head: Model from the feature map to the logit, (batch, 1).
    """

    def __init__(self, model: keras.Model, layer: str, features: Sequence[keras.KerasTensor] = ()):
        grid, logit = model.get_layer(layer).output, model.get_layer(LOGIT_LAYER).output
        self.encoder = keras.Model(model.input, [grid, logit, *features])
        head_input = keras.Input(grid.shape[1:])
        named = keras.layers.Activation("linear", name=_GRID_LAYER)(head_input)
        self.head = keras.Model(head_input, keras.Model(grid, logit)(named))


def compute_class_activation(
    cam: ModelVisualization, score: ScoreFunction, grid: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Compute a heatmap in the units of the score.

    By default tf-keras-vis scales each map to 0–1, which hides how strong the evidence is. This is disabled here.

    Args:
        cam: Method, built on the head of a `SplitModel`.
        score: Function from outputs (batch, 1) to scores (batch,).
        grid: Feature map, float32 (batch, rows, columns, channels).

    Returns:
        Heatmaps, float32 (batch, rows, columns), 0 or more.
    """
    heatmaps = cam(
        score,
        grid,
        penultimate_layer=_GRID_LAYER,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    return np.asarray(heatmaps, np.float32)
