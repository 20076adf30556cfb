"""Saliency by tf-keras-vis: where a change of grey would change the answer.

Source: Simonyan et al. 2014, arXiv:1312.6034.
"""

import cv2
import keras
import numpy as np
from tf_keras_vis.saliency import Saliency

from fracture_core.explain.scores import surprise_score
from fracture_core.zoo.model_views import logit_view

# Pixels a cell. The gradient jumps from pixel to pixel; its mean over a few is what can be looked at.
_CELL = 8


class SaliencyMap:
    """The gradient of the answer by the grey values, without sign, as means over cells of 8 × 8 pixels.

    Args:
        model: a network of the zoo.
    """

    def __init__(self, model: keras.Model):
        self._saliency = Saliency(logit_view(model))

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """Maps of films.

        Args:
            inputs: float32 (1, height, width, channels), as `imaging.prepare` gives it.

        Returns:
            float32 (1, rows, columns), 0 or more: score per unit of the network's input, the score as
            `scores.surprise_score` has it.
        """
        found = np.asarray(self._saliency(surprise_score(1), inputs, normalize_map=False), np.float32)[0]
        size = max(1, found.shape[1] // _CELL), max(1, found.shape[0] // _CELL)
        return cv2.resize(found, size, interpolation=cv2.INTER_AREA)[None]
