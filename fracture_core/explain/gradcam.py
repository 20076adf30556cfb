"""Grad-CAM computed with tf-keras-vis, in units that are comparable between images.

Source: Selvaraju et al. 2017, arXiv:1610.02391.
"""

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray
from tf_keras_vis.gradcam import Gradcam

from fracture_core.explain.scores import logit_score
from fracture_core.explain.split_model import SplitModel, compute_class_activation


class GradCam:
    """Grad-CAM for *fracture*. Create it once per network, because construction takes half a second.

    The heatmap keeps its units: before a global average pool, the value of a cell is its contribution to the logit of
    *fracture*. Only evidence for a fracture is kept (ReLU).

    Args:
        model: Network of the zoo.
        layer: Layer to explain.
        features: Further tensors of the network that `explain` returns.

    Attributes:
        cut: The network, split at that layer.
    """

    def __init__(self, model: keras.Model, layer: str, features: Sequence[keras.KerasTensor] = ()):
        self.cut = SplitModel(model, layer, features)
        self._cam = Gradcam(self.cut.head)

    def explain(
        self, inputs: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], list[NDArray[np.float32]]]:
        """Compute logits and heatmaps in one forward pass.

        Args:
            inputs: Network inputs, float32 (batch, height, width, channels), from `imaging.prepare_input`.

        Returns:
            The logits, float32 (batch,); the heatmaps, float32 (batch, rows, columns), 0 or more, spanning the whole
            canvas, all zero without positive evidence; and the further tensors.
        """
        grid, logit, *features = self.cut.encoder.predict_on_batch(inputs)
        return logit[:, 0], compute_class_activation(self._cam, logit_score(1), grid), features

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the heatmaps alone; see `explain`."""
        return self.explain(inputs)[1]
