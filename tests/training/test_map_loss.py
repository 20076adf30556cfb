"""The loss on the map, against the formula."""

import numpy as np
import pytest

from fracture_core.training.map_loss import MapLoss
from fracture_core.training.map_targets import IGNORE


def _loss(targets, logits) -> float:
    shape = (1, 1, len(targets), 1)
    return float(
        MapLoss()(np.array(targets, np.float32).reshape(shape), np.array(logits, np.float32).reshape(shape))
    )


def _focal(probability_of_truth: float) -> float:
    return -((1 - probability_of_truth) ** 2) * np.log(probability_of_truth)


def test_formula():
    logits = np.array([2.0, -1.0, 0.5, -3.0])
    p = 1 / (1 + np.exp(-logits))
    expected = (_focal(p[0]) + _focal(p[1]) + _focal(1 - p[2]) + _focal(1 - p[3])) / 2
    assert _loss([1, 1, 0, 0], logits) == pytest.approx(expected, rel=1e-5)


def test_cells_that_nothing_is_known_of_do_not_count():
    assert _loss([1, IGNORE, 0], [2.0, 50.0, -3.0]) == _loss([1, IGNORE, 0], [2.0, -50.0, -3.0])
    assert _loss([IGNORE, IGNORE], [3.0, -3.0]) == 0


def test_a_film_without_fracture():
    p = 1 / (1 + np.exp(-1.0))
    assert _loss([0, 0], [1.0, 1.0]) == pytest.approx(2 * _focal(1 - p), rel=1e-5)


def test_it_stays_a_number():
    assert _loss([1, 0], [-90.0, 90.0]) == pytest.approx(180.0)
