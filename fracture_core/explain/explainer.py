"""All heatmap methods of one network, each created on first use."""

from collections.abc import Callable, Iterable
from functools import cache, cached_property

import keras
import numpy as np
from numpy.typing import NDArray
from tf_keras_vis.gradcam import Gradcam
from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
from tf_keras_vis.layercam import Layercam

from fracture_core.explain.methods import (
    GRAD_CAM,
    GRAD_CAM_PP,
    HEATMAP_METHODS,
    LAYER_CAM,
    SCORE_CAM,
    HeatmapRequest,
)
from fracture_core.explain.saliency import SaliencyMap
from fracture_core.explain.scorecam import ScoreCam
from fracture_core.explain.scores import centre_score, logit_score, surprise_score
from fracture_core.explain.split_model import SplitModel, compute_class_activation
from fracture_core.imaging import InputSpec, normalise_canvas


class Explainer:
    """Heatmaps of one network. Not thread-safe, because tf-keras-vis keeps state during a call.

    Args:
        model: Network of the zoo.
        cut: The same network, split at the layer to explain.
        spec: Its input.
    """

    def __init__(self, model: keras.Model, cut: SplitModel, spec: InputSpec):
        self._model, self._cut = model, cut
        self._black = float(normalise_canvas(np.zeros((1, 1), np.uint8), spec).flat[0])

    def heatmaps(
        self, inputs: NDArray[np.float32], requests: Iterable[HeatmapRequest]
    ) -> dict[HeatmapRequest, NDArray[np.float32]]:
        """Compute heatmaps of one image with at most one pass through the encoder.

        Args:
            inputs: Network input, float32 (1, height, width, channels), from `imaging.prepare_input`.
            requests: Heatmaps to compute; any method but the fracture map, which is an output of the network.

        Returns:
            For each request, float32 (rows, columns), 0 or more, spanning the whole canvas. The unit is that of the
            logit; for Score-CAM, feature value times probability; for saliency, score per unit of input.

        Raises:
            ValueError: A method cannot explain the label.
        """
        features = cache(lambda: self._cut.encoder.predict_on_batch(inputs)[0])
        return {(name, label): self._heatmap(name, label, inputs, features)[0] for name, label in requests}

    def _heatmap(
        self,
        name: str,
        label: int,
        inputs: NDArray[np.float32],
        features: Callable[[], NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        if label == 0 and HEATMAP_METHODS[name].against:
            raise ValueError(HEATMAP_METHODS[name].against)
        if name == GRAD_CAM.name:
            return compute_class_activation(self._grad_cam, logit_score(label), features())
        if name == GRAD_CAM_PP.name:
            score = centre_score(surprise_score(label))
            return compute_class_activation(self._grad_cam_pp, score, features())
        if name == LAYER_CAM.name:
            return compute_class_activation(self._layer_cam, surprise_score(label), features())
        return self._score_cam(inputs) if name == SCORE_CAM.name else self._saliency(inputs)

    @cached_property
    def _grad_cam(self) -> Gradcam:
        return Gradcam(self._cut.head)

    @cached_property
    def _grad_cam_pp(self) -> GradcamPlusPlus:
        return GradcamPlusPlus(self._cut.head)

    @cached_property
    def _layer_cam(self) -> Layercam:
        return Layercam(self._cut.head)

    @cached_property
    def _score_cam(self) -> ScoreCam:
        return ScoreCam(self._cut, self._black)

    @cached_property
    def _saliency(self) -> SaliencyMap:
        return SaliencyMap(self._model)
