"""Heatmap methods: units, low values on normal images, and agreement with plain tf-keras-vis."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
from tf_keras_vis.layercam import Layercam
from tf_keras_vis.scorecam import Scorecam

from fracture_core.explain import scorecam, scores
from fracture_core.explain.explainer import Explainer
from fracture_core.explain.gradcam import GradCam
from fracture_core.explain.methods import (
    FRACTURE_MAP,
    GRAD_CAM,
    GRAD_CAM_PP,
    HEATMAP_METHODS,
    LAYER_CAM,
    SALIENCY,
    SCORE_CAM,
)
from fracture_core.explain.split_model import SplitModel
from fracture_core.zoo import find_architecture

ARCHITECTURE = find_architecture("four_block")
SPEC = ARCHITECTURE.at_size(64)
NAMES = [name for name, method in HEATMAP_METHODS.items() if method != FRACTURE_MAP]
ALL = [(name, 1) for name in NAMES]


@pytest.fixture(scope="module")
def image():
    """One random model input, float32 (1, 64, 64, 1)."""
    return np.random.default_rng(1).uniform(0, 1, (1, 64, 64, 1)).astype(np.float32)


def _heatmaps(model, image, requests=ALL):
    return Explainer(model, SplitModel(model, ARCHITECTURE.heatmap_layer), SPEC).heatmaps(image, requests)


def _shift_logit(model, by: float) -> None:
    """Make a network more (or less) confident of a fracture."""
    kernel, bias = model.get_layer("logit").get_weights()
    model.get_layer("logit").set_weights([kernel, bias + by])


def test_every_method_gives_a_finite_map(untrained_network, image):
    maps = _heatmaps(untrained_network, image)
    assert list(maps) == ALL
    for grid in maps.values():
        assert grid.shape == (8, 8)
        assert grid.dtype == np.float32
        assert np.isfinite(grid).all()
        assert grid.min() >= 0
        assert grid.max() > 0
    assert len({grid.tobytes() for grid in maps.values()}) == len(maps)


def test_grad_cam_equals_the_one_of_an_opinion(untrained_network, image):
    expected = GradCam(untrained_network, ARCHITECTURE.heatmap_layer)(image)[0]
    np.testing.assert_array_equal(
        _heatmaps(untrained_network, image, [(GRAD_CAM.name, 1)])[GRAD_CAM.name, 1], expected
    )


@pytest.mark.parametrize(
    ("method", "library", "score"),
    [
        (GRAD_CAM_PP, GradcamPlusPlus, scores.centre_score(scores.surprise_score(1))),
        (LAYER_CAM, Layercam, scores.surprise_score(1)),
    ],
)
def test_heatmaps_of_the_split_network_equal_those_of_the_whole(
    untrained_network, image, method, library, score
):
    logit = keras.Model(untrained_network.input, untrained_network.get_layer("logit").output)
    expected = library(logit)(
        score,
        image,
        penultimate_layer=ARCHITECTURE.heatmap_layer,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    heatmap = _heatmaps(untrained_network, image, [(method.name, 1)])[method.name, 1]
    np.testing.assert_allclose(heatmap, np.asarray(expected)[0], rtol=1e-4, atol=1e-5 * heatmap.max())


def test_score_cam_equals_the_library_if_black_is_zero(untrained_network, image, monkeypatch):
    monkeypatch.setattr(scorecam, "_FEATURES", 1000)
    logit = untrained_network.get_layer("logit").output
    two_logits = keras.Model(untrained_network.input, keras.layers.Concatenate()([-logit / 2, logit / 2]))
    expected = Scorecam(two_logits)(
        lambda outputs: outputs[:, 1],
        image,
        penultimate_layer=ARCHITECTURE.heatmap_layer,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    heatmap = _heatmaps(untrained_network, image, [(SCORE_CAM.name, 1)])[SCORE_CAM.name, 1]
    np.testing.assert_allclose(heatmap, np.asarray(expected)[0], rtol=1e-4)


def test_score_cam_masks_with_black():
    """A black image stays black under any mask, also if black is −1."""
    architecture = find_architecture("mobilenet_v2")
    spec = architecture.at_size(64)
    keras.utils.set_random_seed(4)
    model = architecture.build(spec)
    inputs_seen = []
    predict = keras.Model.predict

    def spy(self, inputs, **settings):
        inputs_seen.append(np.asarray(inputs[0] if isinstance(inputs, list) else inputs))
        return predict(self, inputs, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "predict", spy)
        Explainer(model, SplitModel(model, architecture.heatmap_layer), spec).heatmaps(
            np.full((1, 64, 64, 3), -1, np.float32), [(SCORE_CAM.name, 1)]
        )
    assert inputs_seen
    assert not inputs_seen[0].any()


@pytest.mark.parametrize("name", [GRAD_CAM_PP.name, LAYER_CAM.name, SCORE_CAM.name, SALIENCY.name])
def test_normal_image_has_low_values(untrained_network, image, name):
    """On the common scale, a confidently normal image shows next to nothing."""
    _shift_logit(untrained_network, 4)
    suspected = _heatmaps(untrained_network, image, [(name, 1)])[name, 1].max()
    _shift_logit(untrained_network, -14)
    assert _heatmaps(untrained_network, image, [(name, 1)])[name, 1].max() < 0.02 * suspected


@pytest.mark.parametrize("name", [GRAD_CAM.name, GRAD_CAM_PP.name, LAYER_CAM.name])
def test_confident_evidence_scales_with_the_logit(untrained_network, image, name):
    _shift_logit(untrained_network, 50)
    first = _heatmaps(untrained_network, image, [(name, 1)])[name, 1]
    head = untrained_network.get_layer("logit")
    kernel, bias = head.get_weights()
    head.set_weights([2 * kernel, bias])
    second = _heatmaps(untrained_network, image, [(name, 1)])[name, 1]
    # The weights of Grad-CAM++ depend on the gradient itself, so they change a little.
    np.testing.assert_allclose(second, 2 * first, rtol=0.2 if name == GRAD_CAM_PP.name else 1e-4, atol=1e-6)


@pytest.mark.parametrize("name", [GRAD_CAM.name, GRAD_CAM_PP.name, LAYER_CAM.name, SALIENCY.name])
def test_zero_weights_give_no_evidence(untrained_network, image, name):
    kernel, bias = untrained_network.get_layer("logit").get_weights()
    untrained_network.get_layer("logit").set_weights([np.zeros_like(kernel), bias + 5])
    assert not _heatmaps(untrained_network, image, [(name, 1)])[name, 1].any()


@pytest.mark.parametrize("name", [GRAD_CAM.name, GRAD_CAM_PP.name, LAYER_CAM.name])
def test_evidence_for_no_fracture_equals_that_of_the_negated_network(untrained_network, image, name):
    against = _heatmaps(untrained_network, image, [(name, 0)])[name, 0]
    head = untrained_network.get_layer("logit")
    head.set_weights([-weight for weight in head.get_weights()])
    np.testing.assert_allclose(
        against, _heatmaps(untrained_network, image, [(name, 1)])[name, 1], rtol=1e-4, atol=1e-7
    )


@pytest.mark.parametrize("method", [SCORE_CAM, SALIENCY])
def test_method_without_evidence_for_no_fracture_is_rejected(untrained_network, image, method):
    with pytest.raises(ValueError, match="cannot show evidence for no fracture"):
        _heatmaps(untrained_network, image, [(method.name, 0)])


def test_network_is_not_changed(untrained_network, image):
    before = untrained_network.predict_on_batch(image)
    _heatmaps(untrained_network, image)
    np.testing.assert_array_equal(untrained_network.predict_on_batch(image), before)


def test_values_of_the_surprise_score():
    outputs = tf.constant([[-20.0], [0.0], [20.0]])
    np.testing.assert_allclose(scores.surprise_score(1)(outputs), [0, np.log(2), 20], atol=1e-6)
    np.testing.assert_allclose(scores.surprise_score(0)(outputs), [20, np.log(2), 0], atol=1e-6)
