"""Saliency computed with tf-keras-vis: where a change of the grey value would change the output.

Source: Simonyan et al. 2014, arXiv:1312.6034.
"""

import warnings

import cv2
import keras
import numpy as np
from numpy.typing import NDArray
from tf_keras_vis.saliency import Saliency

from fracture_core.explain.scores import surprise_score
from fracture_core.zoo.model_views import logit_view

# Side of a heatmap cell in pixels. The gradient varies from pixel to pixel, so it is averaged over cells.
_CELL_SIZE = 8


class SaliencyMap:
    """Absolute gradient of the score for *fracture* by the grey values, averaged over cells of 8 × 8 pixels.

    Args:
        model: Network of the zoo.
    """

    def __init__(self, model: keras.Model):
        self._saliency = Saliency(logit_view(model))

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the heatmap of one image.

        Args:
            inputs: Network input, float32 (1, height, width, channels), from `imaging.prepare_input`.

        Returns:
            float32 (1, rows, columns), 0 or more: `scores.surprise_score` per unit of the network's input.
        """
        with warnings.catch_warnings():
            # tf-keras-vis passes a list of inputs, which Keras accepts with a warning.
            warnings.filterwarnings("ignore", "The structure of `inputs`")
            maps = self._saliency(surprise_score(1), inputs, normalize_map=False)
        gradient = np.asarray(maps, np.float32)[0]
        size = max(1, gradient.shape[1] // _CELL_SIZE), max(1, gradient.shape[0] // _CELL_SIZE)
        return np.asarray(cv2.resize(gradient, size, interpolation=cv2.INTER_AREA), np.float32)[None]
