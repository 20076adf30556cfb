"""Grad-CAM by tf-keras-vis, in units that can be compared between films.

Source: Selvaraju et al. 2017, arXiv:1610.02391.
"""

from collections.abc import Sequence

import keras
import numpy as np
from tf_keras_vis.gradcam import Gradcam

from fracture_core.explain.scores import logit_score
from fracture_core.explain.split_model import SplitModel, compute_class_activation


class GradCam:
    """Grad-CAM of one network, built once and kept: construction costs half a second.

    The map keeps its units: behind a global average pool the value of a cell is what that cell adds
    to the logit of *fracture*. Only evidence for a fracture is kept (ReLU).

    Args:
        model: a network of the zoo.
        layer: the layer whose grid is explained.
        features: further tensors of the network that `explain` gives along.

    Attributes:
        cut: the network, cut at that layer.
    """

    def __init__(self, model: keras.Model, layer: str, features: Sequence[keras.KerasTensor] = ()):
        self.cut = SplitModel(model, layer, features)
        self._cam = Gradcam(self.cut.head)

    def explain(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
        """What the network says, and on what evidence.

        Args:
            inputs: float32 (batch, height, width, channels), as `imaging.prepare` gives them.

        Returns:
            The logits, float32 (batch,); the evidence for *fracture* cell by cell, float32
            (batch, rows, columns), 0 or more, spanning the whole canvas, all zero where the network has no
            positive evidence; and the further tensors.
        """
        grid, logit, *features = self.cut.encoder.predict_on_batch(inputs)
        return logit[:, 0], compute_class_activation(self._cam, logit_score(1), grid), features

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """The evidence alone; see `explain`."""
        return self.explain(inputs)[1]
