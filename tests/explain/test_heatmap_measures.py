"""Measures of the trust tests, against values by hand and those of Quantus 0.6.0 and scikit-image 0.25.2."""

import math
from itertools import pairwise

import cv2
import keras
import numpy as np
import pytest

from fracture_core.explain.deletion_insertion import CELLS, cell_order, mean_probabilities
from fracture_core.explain.heatmap_similarity import rank_correlation, structural_similarity
from fracture_core.explain.localisation import BASELINES, boxes_to_mask, measure_localisation
from fracture_core.explain.randomisation_steps import STEP_TITLES
from fracture_core.explain.randomised_network import randomise_in_steps
from fracture_core.imaging import LetterboxTransform

_WHOLE_CANVAS = LetterboxTransform.fit(source=(96, 96), canvas=(96, 96))


@pytest.fixture(scope="module")
def heatmaps() -> tuple[np.ndarray, np.ndarray]:
    """Two similar heatmaps, 96 × 96."""
    rng = np.random.default_rng(5)

    def draw() -> np.ndarray:
        noise = cv2.GaussianBlur(rng.normal(size=(96, 96)), (0, 0), 4)
        return np.clip(noise * 8, 0, None).astype(np.float32)

    one = draw()
    return one, np.clip(one + 0.5 * draw(), 0, None)


def test_localisation_equals_that_of_quantus(heatmaps):
    one, _ = heatmaps
    row, column = np.unravel_index(one.argmax(), one.shape)
    mask = np.zeros(one.shape, bool)
    mask[max(0, row - 6) : row + 6, max(0, column - 6) : column + 6] = True
    found = measure_localisation(one, mask)
    # PointingGame and RelevanceMassAccuracy.
    assert found.pointing == 1
    assert found.mass == pytest.approx(0.051051337, rel=1e-5)


def test_similarity_equals_that_of_quantus_and_scikit_image(heatmaps):
    # similarity_func.correlation_spearman; structural_similarity with gaussian_weights and sigma 1.5.
    assert rank_correlation(*heatmaps) == pytest.approx(0.8694658801226239)
    assert structural_similarity(*heatmaps) == pytest.approx(0.6955173, abs=1e-4)


def test_localisation_by_hand():
    heat = np.array([[0.0, 0.4], [0.6, 0.0]])
    # The strongest pixel is outside; the second is inside: precision 1/2 at recall 1.
    assert measure_localisation(heat, np.array([[False, True], [False, False]])).precision == 0.5
    silent = measure_localisation(np.zeros((2, 2)), np.array([[False, True], [False, False]]))
    assert (silent.pointing, silent.precision, silent.mass) == (0, 0.25, 0)


def test_small_box_covers_a_pixel_and_boxes_stay_on_the_image():
    assert boxes_to_mask([(0.5, 0.5, 0.501, 0.501)], (10, 10)).sum() == 1
    assert boxes_to_mask([(1.0, 1.0, 1.0, 1.0)], (10, 10)).nonzero() == ([9], [9])


def test_similarity_of_heatmaps_without_evidence_is_unknown(heatmaps):
    assert math.isnan(rank_correlation(heatmaps[0], np.zeros((96, 96))))
    assert math.isnan(structural_similarity(heatmaps[0], np.zeros((96, 96))))
    assert structural_similarity(heatmaps[0], 3 * heatmaps[0]) == pytest.approx(1)


def test_baselines_mark_what_their_names_say():
    image = np.zeros((60, 90), np.float32)
    image[10:20, 60:80] = 1
    found = {name: draw(image, np.random.default_rng(0)) for name, draw in BASELINES.items()}
    assert {heat.shape for heat in found.values()} == {(60, 90)}
    assert np.unravel_index(found["centre"].argmax(), image.shape) in {(29, 44), (29, 45), (30, 44), (30, 45)}
    assert found["brightness"][15, 70] == 1
    assert found["edges"][10, 70] > found["edges"][15, 70] > found["edges"][40, 20]
    assert 0.3 < found["random"].mean() < 0.7


def test_deleting_the_decisive_area_first_lowers_the_probability():
    canvas = np.zeros((96, 96), np.uint8)
    canvas[40:44, 40:44] = 255
    heat = canvas.astype(np.float32)
    rng = np.random.default_rng(0)

    def predict(image: np.ndarray) -> float:
        return float(image[40:44, 40:44].mean() / 255)

    right = cell_order(heat, _WHOLE_CANVAS, rng)
    wrong = cell_order(-heat, _WHOLE_CANVAS, rng)
    deleted, inserted = mean_probabilities(canvas, right, predict)
    deleted_last, inserted_last = mean_probabilities(canvas, wrong, predict)
    # 4 of 2,304 cells are decisive, fewer than the first step takes: only the blurred rest remains.
    assert deleted < 0.15
    assert inserted == 1
    assert deleted_last == 1
    assert inserted_last < 0.15


def test_padding_is_neither_deleted_nor_inserted():
    transform = LetterboxTransform.fit(source=(200, 100), canvas=(96, 96))
    order = cell_order(np.ones((8, 8)), transform, np.random.default_rng(0))
    columns = order % CELLS
    assert len(order) == CELLS * CELLS // 2
    assert (columns.min(), columns.max()) == (CELLS // 4, 3 * CELLS // 4 - 1)


def test_weights_become_random_from_the_output(untrained_network):
    keras.utils.set_random_seed(9)
    before = {layer.name: layer.get_weights() for layer in untrained_network.layers if layer.weights}
    changed = []
    for _ in randomise_in_steps(untrained_network, "four_block", _spec(untrained_network)):
        changed.append(
            {
                name
                for name, weights in before.items()
                if any(
                    not np.array_equal(old, new)
                    for old, new in zip(weights, untrained_network.get_layer(name).get_weights(), strict=True)
                )
            }
        )
    assert len(changed) == len(STEP_TITLES) - 1
    assert changed[0] == {"logit"}
    for earlier, later in pairwise(changed):
        assert earlier <= later
    # Normalisation layers of an untrained network have the same weights as another one.
    assert {name for name in before if not name.endswith("_norm")} <= changed[-1]


def _spec(model: keras.Model):
    from fracture_core.imaging import InputSpec

    _, height, width, channels = model.input.shape
    return InputSpec(height, width, channels)
