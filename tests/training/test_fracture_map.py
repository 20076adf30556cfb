"""Targets of a fracture map, checked by hand and against drawn squares, and the loss against its formula."""

import numpy as np
import pytest

from fracture_core.training.augment import augment_image
from fracture_core.training.fracture_map import IDENTITY, IGNORE, MapLoss, cell_targets
from fracture_core.zoo import Augmentation

CANVAS = (64, 64)


def _cells(*boxes):
    return cell_targets(np.array(boxes, float).reshape(-1, 4), IDENTITY, CANVAS, 8)[..., 0]


def test_cells_of_a_box():
    cells = _cells((16, 24, 32, 40))
    assert (cells.shape, cells.dtype) == ((8, 8), np.float32)
    expected = np.zeros((8, 8))
    expected[3:5, 2:4] = 1
    np.testing.assert_array_equal(cells, expected)


def test_image_without_fracture_has_no_positive_cell():
    np.testing.assert_array_equal(_cells(), 0)


def test_fractured_image_without_boxes_is_ignored():
    np.testing.assert_array_equal(cell_targets(None, IDENTITY, CANVAS, 8), np.full((8, 8, 1), IGNORE))


def test_small_box_marks_the_nearest_cell():
    cells = _cells((17, 17, 19, 19))
    assert np.argwhere(cells == 1).tolist() == [[2, 2]]


def test_adjacent_boxes_do_not_overlap():
    cells = _cells((16, 16, 32, 32), (32, 16, 48, 32))
    assert np.argwhere(cells == 1).tolist() == [[row, column] for row in (2, 3) for column in (2, 3, 4, 5)]


def test_box_outside_the_canvas_marks_no_cell():
    shift = np.array([[1.0, 0, 100], [0, 1, 0]])
    cells = cell_targets(np.array([[16.0, 16, 32, 32]]), shift, CANVAS, 8)
    np.testing.assert_array_equal(cells, 0)


@pytest.mark.parametrize("seed", range(12))
def test_targets_follow_the_augmentation(seed):
    """After augmentation, cells in the box are bright and bright cells are in the box."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(50, 100, 2)
    width, height = rng.integers(16, 60, 2)
    image = np.full((192, 192), 1, np.uint8)
    image[y : y + height, x : x + width] = 200
    augmented, matrix = augment_image(image, Augmentation(brightness=0, contrast=0), rng)
    box = np.array([[x, y, x + width, y + height]], float)
    cells = cell_targets(box, matrix, (192, 192), 8)[..., 0]
    # The centre of a cell lies between its fourth and fifth pixel.
    centres = (augmented[3::8, 3::8].astype(float) + augmented[4::8, 4::8]) / 2
    assert (cells == 1).any()
    assert (centres[cells == 1] > 90).all()
    assert (centres[cells == 0] < 110).all()


def _loss(targets, logits) -> float:
    shape = (1, 1, len(targets), 1)
    return float(
        MapLoss()(np.array(targets, np.float32).reshape(shape), np.array(logits, np.float32).reshape(shape))
    )


def _focal_loss(probability_of_truth: float) -> float:
    return -((1 - probability_of_truth) ** 2) * np.log(probability_of_truth)


def test_loss_equals_the_formula():
    logits = np.array([2.0, -1.0, 0.5, -3.0])
    p = 1 / (1 + np.exp(-logits))
    expected = (_focal_loss(p[0]) + _focal_loss(p[1]) + _focal_loss(1 - p[2]) + _focal_loss(1 - p[3])) / 2
    assert _loss([1, 1, 0, 0], logits) == pytest.approx(expected, rel=1e-5)


def test_ignored_cells_do_not_count():
    assert _loss([1, IGNORE, 0], [2.0, 50.0, -3.0]) == _loss([1, IGNORE, 0], [2.0, -50.0, -3.0])
    assert _loss([IGNORE, IGNORE], [3.0, -3.0]) == 0


def test_loss_of_an_image_without_fracture():
    p = 1 / (1 + np.exp(-1.0))
    assert _loss([0, 0], [1.0, 1.0]) == pytest.approx(2 * _focal_loss(1 - p), rel=1e-5)


def test_loss_is_finite_for_extreme_logits():
    assert _loss([1, 0], [-90.0, 90.0]) == pytest.approx(180.0)
