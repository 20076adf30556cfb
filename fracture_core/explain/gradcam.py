"""Grad-CAM by tf-keras-vis, in units that can be compared between films.

Source: Selvaraju et al. 2017, arXiv:1610.02391.
"""

from collections.abc import Sequence

import keras
import numpy as np
from tf_keras_vis.gradcam import Gradcam

from fracture_core.zoo.architecture import LOGIT

_GRID = "grid"


class GradCam:
    """Grad-CAM of one network, built once and kept: construction costs half a second.

    The network is cut at the explained layer. One compiled pass over the first part gives the logit
    and the features; the library then works on the small rest. Its own way is a second, uncompiled
    pass over everything; the maps are equal (`tests/explain/test_gradcam.py`).

    The library scales each map to 0–1, so that a normal film lights up as much as a broken one. Here
    the map keeps its units: behind a global average pool the value of a cell is what that cell adds
    to the logit of *fracture*. Only evidence for a fracture is kept (ReLU).

    Args:
        model: a network of the zoo.
        layer: the layer whose grid is explained.
        features: further tensors of the network that `look` gives along.
    """

    def __init__(self, model: keras.Model, layer: str, features: Sequence[keras.KerasTensor] = ()):
        grid, logit = model.get_layer(layer).output, model.get_layer(LOGIT).output
        self._whole = keras.Model(model.input, [grid, logit, *features])
        part = keras.Input(grid.shape[1:])
        # The library looks a layer up by its name and explains that layer's output.
        named = keras.layers.Activation("linear", name=_GRID)(part)
        self._cam = Gradcam(keras.Model(part, keras.Model(grid, logit)(named)))

    def look(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
        """What the network says, and on what evidence.

        Args:
            inputs: float32 (batch, height, width, channels), as `imaging.prepare` gives them.

        Returns:
            The logits, float32 (batch,); the evidence for *fracture* cell by cell, float32
            (batch, rows, columns), 0 or more, spanning the whole canvas, all zero where the network has no
            positive evidence; and the further tensors.
        """
        grid, logit, *features = self._whole.predict_on_batch(inputs)
        cam = self._cam(
            lambda output: output[:, 0],
            grid,
            penultimate_layer=_GRID,
            seek_penultimate_conv_layer=False,
            expand_cam=False,
            normalize_cam=False,
        )
        return logit[:, 0], np.asarray(cam, np.float32), features

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """The evidence alone; see `look`."""
        return self.look(inputs)[1]
