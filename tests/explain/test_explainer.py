"""Every heatmap method: in units, calm where nothing is found, equal to the library's own way, nothing changed."""

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

ROW = find_architecture("four_block")
SPEC = ROW.at_size(64)
NAMES = [name for name, method in HEATMAP_METHODS.items() if method != FRACTURE_MAP]
ALL = [(name, 1) for name in NAMES]


@pytest.fixture
def model():
    keras.utils.set_random_seed(4)
    return ROW.build(SPEC)


@pytest.fixture(scope="module")
def film():
    return np.random.default_rng(1).uniform(0, 1, (1, 64, 64, 1)).astype(np.float32)


def _maps(model, film, wanted=ALL):
    return Explainer(model, SplitModel(model, ROW.heatmap_layer), SPEC).heatmaps(film, wanted)


def _shift(model, by: float) -> None:
    """Makes a network surer of a fracture, or of none."""
    kernel, bias = model.get_layer("logit").get_weights()
    model.get_layer("logit").set_weights([kernel, bias + by])


def test_every_method_gives_a_map_over_the_canvas(model, film):
    maps = _maps(model, film)
    assert list(maps) == ALL
    for grid in maps.values():
        assert grid.shape == (8, 8)
        assert grid.dtype == np.float32
        assert np.isfinite(grid).all()
        assert grid.min() >= 0
        assert grid.max() > 0
    different = {grid.tobytes() for grid in maps.values()}
    assert len(different) == len(maps)


def test_grad_cam_is_the_one_that_comes_with_an_opinion(model, film):
    expected = GradCam(model, ROW.heatmap_layer)(film)[0]
    np.testing.assert_array_equal(_maps(model, film, [(GRAD_CAM.name, 1)])[GRAD_CAM.name, 1], expected)


@pytest.mark.parametrize(
    ("method", "library", "score"),
    [
        (GRAD_CAM_PP, GradcamPlusPlus, scores.centre_score(scores.surprise_score(1))),
        (LAYER_CAM, Layercam, scores.surprise_score(1)),
    ],
)
def test_cutting_the_network_changes_nothing(model, film, method, library, score):
    logit = keras.Model(model.input, model.get_layer("logit").output)
    expected = library(logit)(
        score,
        film,
        penultimate_layer=ROW.heatmap_layer,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    found = _maps(model, film, [(method.name, 1)])[method.name, 1]
    np.testing.assert_allclose(found, np.asarray(expected)[0], rtol=1e-4, atol=1e-5 * found.max())


def test_score_cam_is_the_librarys_for_a_network_whose_black_is_zero(model, film, monkeypatch):
    monkeypatch.setattr(scorecam, "_FEATURES", 1000)
    logit = model.get_layer("logit").output
    two = keras.Model(model.input, keras.layers.Concatenate()([-logit / 2, logit / 2]))
    expected = Scorecam(two)(
        lambda outputs: outputs[:, 1],
        film,
        penultimate_layer=ROW.heatmap_layer,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    found = _maps(model, film, [(SCORE_CAM.name, 1)])[SCORE_CAM.name, 1]
    np.testing.assert_allclose(found, np.asarray(expected)[0], rtol=1e-4)


def test_score_cam_hides_what_is_masked_in_black():
    """To a network that is fed −1…1 a film that is black all over is the same film through any mask."""
    row = find_architecture("mobilenet_v2")
    spec = row.at_size(64)
    keras.utils.set_random_seed(4)
    model = row.build(spec)
    seen = []
    predict = keras.Model.predict

    def spy(self, inputs, **settings):
        seen.append(np.asarray(inputs[0] if isinstance(inputs, list) else inputs))
        return predict(self, inputs, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "predict", spy)
        Explainer(model, SplitModel(model, row.heatmap_layer), spec).heatmaps(
            np.full((1, 64, 64, 3), -1, np.float32), [(SCORE_CAM.name, 1)]
        )
    assert seen
    assert not seen[0].any()


@pytest.mark.parametrize("name", [GRAD_CAM_PP.name, LAYER_CAM.name, SCORE_CAM.name, SALIENCY.name])
def test_a_film_that_looks_normal_to_the_network_stays_dark(model, film, name):
    """On one scale for all films: what a network is sure to be normal shows next to nothing."""
    _shift(model, 4)
    suspected = _maps(model, film, [(name, 1)])[name, 1].max()
    _shift(model, -14)
    assert _maps(model, film, [(name, 1)])[name, 1].max() < 0.02 * suspected


@pytest.mark.parametrize("name", [GRAD_CAM.name, GRAD_CAM_PP.name, LAYER_CAM.name])
def test_where_a_network_is_sure_evidence_has_the_units_of_its_logit(model, film, name):
    _shift(model, 50)
    once = _maps(model, film, [(name, 1)])[name, 1]
    head = model.get_layer("logit")
    kernel, bias = head.get_weights()
    head.set_weights([2 * kernel, bias])
    twice = _maps(model, film, [(name, 1)])[name, 1]
    # Grad-CAM++ weighs places by the gradient itself, so its weights move a little.
    np.testing.assert_allclose(twice, 2 * once, rtol=0.2 if name == GRAD_CAM_PP.name else 1e-4, atol=1e-6)


@pytest.mark.parametrize("name", [GRAD_CAM.name, GRAD_CAM_PP.name, LAYER_CAM.name, SALIENCY.name])
def test_a_network_that_looks_at_nothing_has_no_evidence(model, film, name):
    kernel, bias = model.get_layer("logit").get_weights()
    model.get_layer("logit").set_weights([np.zeros_like(kernel), bias + 5])
    assert not _maps(model, film, [(name, 1)])[name, 1].any()


@pytest.mark.parametrize("name", [GRAD_CAM.name, GRAD_CAM_PP.name, LAYER_CAM.name])
def test_evidence_for_no_fracture_is_that_of_the_opposite_network(model, film, name):
    against = _maps(model, film, [(name, 0)])[name, 0]
    head = model.get_layer("logit")
    head.set_weights([-weight for weight in head.get_weights()])
    np.testing.assert_allclose(against, _maps(model, film, [(name, 1)])[name, 1], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("method", [SCORE_CAM, SALIENCY])
def test_a_method_that_knows_one_side_only_says_so(model, film, method):
    with pytest.raises(ValueError, match=r"no fracture|no sides"):
        _maps(model, film, [(method.name, 0)])


def test_the_network_is_left_as_it_was(model, film):
    before = model.predict_on_batch(film)
    _maps(model, film)
    np.testing.assert_array_equal(model.predict_on_batch(film), before)


def test_surprise_rises_like_the_logit_where_it_is_sure_and_not_at_all_where_it_is_not():
    outputs = tf.constant([[-20.0], [0.0], [20.0]])
    np.testing.assert_allclose(scores.surprise_score(1)(outputs), [0, np.log(2), 20], atol=1e-6)
    np.testing.assert_allclose(scores.surprise_score(0)(outputs), [20, np.log(2), 0], atol=1e-6)
