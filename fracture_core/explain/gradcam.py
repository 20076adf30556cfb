"""Grad-CAM by tf-keras-vis, in units that can be compared between films.

Source: Selvaraju et al. 2017, arXiv:1610.02391.
"""

import keras
import numpy as np
from tf_keras_vis.gradcam import Gradcam

from fracture_core.zoo.logit import logit_view


class GradCam:
    """Grad-CAM of one network, built once and kept: construction costs half a second.

    The library scales each map to 0–1, so that a normal film lights up as much as a broken one. Here
    the map keeps its units: behind a global average pool the value of a cell is what that cell adds
    to the logit of *fracture*. Only evidence for a fracture is kept (ReLU).

    Args:
        model: a network of the zoo.
        layer: the layer whose grid is explained.
    """

    def __init__(self, model: keras.Model, layer: str):
        # The library clones the model, so that the caller's is left as it was.
        self._cam = Gradcam(logit_view(model))
        self._layer = layer

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """Evidence for *fracture*, cell by cell.

        Args:
            inputs: float32 (batch, height, width, channels), as `imaging.prepare` gives them.

        Returns:
            float32 (batch, rows, columns), 0 or more, spanning the whole canvas. All zero where the
            network has no positive evidence.
        """
        cam = self._cam(
            lambda logit: logit[:, 0],
            inputs,
            penultimate_layer=self._layer,
            seek_penultimate_conv_layer=False,
            expand_cam=False,
            normalize_cam=False,
        )
        return np.asarray(cam, np.float32)
