"""Every method of one network, each built when it is first asked for."""

from collections.abc import Callable, Iterable
from functools import cache, cached_property

import keras
import numpy as np
from tf_keras_vis.gradcam import Gradcam
from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
from tf_keras_vis.layercam import Layercam

from fracture_core.explain.methods import GRAD_CAM, GRAD_CAM_PP, HEATMAP_METHODS, LAYER_CAM, SCORE_CAM
from fracture_core.explain.saliency import SaliencyMap
from fracture_core.explain.scorecam import ScoreCam
from fracture_core.explain.scores import centre_score, logit_score, surprise_score
from fracture_core.explain.split_model import SplitModel, compute_class_activation
from fracture_core.imaging import InputSpec, normalise_canvas

#: A method's name and the label it is asked for, 1 for *fracture*.
HeatmapRequest = tuple[str, int]


class Explainer:
    """Heatmaps of one network. Not safe to share between threads: the library keeps state while it works.

    Args:
        model: a network of the zoo.
        cut: the same, cut at the layer that is explained.
        spec: its input.
    """

    def __init__(self, model: keras.Model, cut: SplitModel, spec: InputSpec):
        self._model, self._cut = model, cut
        self._black = float(normalise_canvas(np.zeros((1, 1), np.uint8), spec).flat[0])

    def heatmaps(
        self, inputs: np.ndarray, wanted: Iterable[HeatmapRequest]
    ) -> dict[HeatmapRequest, np.ndarray]:
        """Heatmaps of one film; features are computed once for all that need them.

        Args:
            inputs: float32 (1, height, width, channels), as `imaging.prepare` gives it.
            wanted: what to compute; all but the fracture map, which is a part of the network's answer.

        Returns:
            For each, float32 (rows, columns), 0 or more, spanning the whole canvas: in units of the logit, for
            Score-CAM of features times probability, for saliency of the score per unit of input.

        Raises:
            ValueError: a method cannot speak for the label.
        """
        features = cache(lambda: self._cut.encoder.predict_on_batch(inputs)[0])
        return {(name, label): self._map(name, label, inputs, features)[0] for name, label in wanted}

    def _map(
        self, name: str, label: int, inputs: np.ndarray, features: Callable[[], np.ndarray]
    ) -> np.ndarray:
        if label == 0 and HEATMAP_METHODS[name].against:
            raise ValueError(HEATMAP_METHODS[name].against)
        if name == GRAD_CAM.name:
            return compute_class_activation(self._grad_cam, logit_score(label), features())
        if name == GRAD_CAM_PP.name:
            return compute_class_activation(
                self._grad_cam_pp, centre_score(surprise_score(label)), features()
            )
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
