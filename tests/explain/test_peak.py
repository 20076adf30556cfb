"""Position of the strongest evidence, and the pointing game."""

import numpy as np
import pytest

from fracture_core.explain.peak import find_peak, is_peak_in_boxes
from fracture_core.imaging import LetterboxTransform


def _grid(row, column, cells=8):
    grid = np.zeros((cells, cells), np.float32)
    grid[row, column] = 1.0
    return grid


def test_peak_is_the_centre_of_the_strongest_cell():
    transform = LetterboxTransform.fit((160, 160), (64, 64))
    assert find_peak(_grid(2, 5), transform) == (110, 50)


@pytest.mark.parametrize(("source", "expected"), [((100, 400), (175, 25)), ((400, 100), (25, 175))])
def test_peak_of_a_letterboxed_image_is_in_its_own_pixels(source, expected):
    # The image covers the canvas from 24 to 40, so the cell from 24 to 32 lies on its first half.
    assert find_peak(_grid(3, 3), LetterboxTransform.fit(source, (64, 64))) == expected


def test_evidence_in_the_padding_is_ignored():
    transform = LetterboxTransform.fit((100, 400), (64, 64))
    grid = _grid(0, 3)
    assert find_peak(grid, transform) is None
    grid[4, 6] = 0.25
    x, y = find_peak(grid, transform)
    assert 300 <= x < 350
    assert 50 <= y < 100


def test_no_evidence_gives_no_peak():
    assert find_peak(np.zeros((8, 8)), LetterboxTransform.fit((50, 50), (64, 64))) is None


def test_pointing_game_counts_hits_inside_boxes():
    transform = LetterboxTransform.fit((100, 200), (64, 64))
    boxes = [(0.0, 0.0, 0.1, 0.1), (0.5, 0.5, 0.75, 1.0)]
    assert is_peak_in_boxes((120, 60), boxes, transform)
    assert is_peak_in_boxes((5, 5), boxes, transform)
    assert not is_peak_in_boxes((160, 60), boxes, transform)
    assert not is_peak_in_boxes((120, 60), [], transform)
    assert not is_peak_in_boxes(None, boxes, transform)
