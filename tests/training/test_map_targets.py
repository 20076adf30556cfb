"""Boxes on the cells of a map, by hand and against drawn squares."""

import numpy as np
import pytest

from fracture_core.runs.config import Augmentation
from fracture_core.training.augment import augment_image
from fracture_core.training.map_targets import IDENTITY, IGNORE, cell_targets

CANVAS = (64, 64)


def _cells(*boxes):
    return cell_targets(np.array(boxes, float).reshape(-1, 4), IDENTITY, CANVAS, 8)[..., 0]


def test_by_hand():
    cells = _cells((16, 24, 32, 40))
    assert (cells.shape, cells.dtype) == ((8, 8), np.float32)
    expected = np.zeros((8, 8))
    expected[3:5, 2:4] = 1
    np.testing.assert_array_equal(cells, expected)


def test_a_film_without_fracture_has_none_anywhere():
    np.testing.assert_array_equal(_cells(), 0)


def test_a_broken_film_without_boxes_says_nothing():
    np.testing.assert_array_equal(cell_targets(None, IDENTITY, CANVAS, 8), np.full((8, 8, 1), IGNORE))


def test_a_box_between_the_centres_claims_the_nearest():
    cells = _cells((17, 17, 19, 19))
    assert np.argwhere(cells == 1).tolist() == [[2, 2]]


def test_two_boxes():
    cells = _cells((16, 16, 32, 32), (32, 16, 48, 32))
    assert np.argwhere(cells == 1).tolist() == [[row, column] for row in (2, 3) for column in (2, 3, 4, 5)]


def test_a_box_that_left_the_canvas_claims_no_cell():
    moved = np.array([[1.0, 0, 100], [0, 1, 0]])
    cells = cell_targets(np.array([[16.0, 16, 32, 32]]), moved, CANVAS, 8)
    np.testing.assert_array_equal(cells, 0)


@pytest.mark.parametrize("seed", range(12))
def test_a_drawn_square_and_its_box_move_together(seed):
    """Turned, moved, zoomed and mirrored: cells in the box are bright, and no bright cell is called calm."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(50, 100, 2)
    width, height = rng.integers(16, 60, 2)
    film = np.full((192, 192), 1, np.uint8)
    film[y : y + height, x : x + width] = 200
    varied, matrix = augment_image(film, Augmentation(brightness=0, contrast=0), rng)
    box = np.array([[x, y, x + width, y + height]], float)
    cells = cell_targets(box, matrix, (192, 192), 8)[..., 0]
    # The centre of a cell lies between its fourth and fifth pixel.
    centres = (varied[3::8, 3::8].astype(float) + varied[4::8, 4::8]) / 2
    assert (cells == 1).any()
    assert (centres[cells == 1] > 90).all()
    assert (centres[cells == 0] < 110).all()
