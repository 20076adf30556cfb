"""Coordinate transform between image and canvas."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fracture_core.imaging import LetterboxTransform

SHAPES = [(100, 60), (60, 100), (97, 97), (1, 50), (3000, 1001), (7, 9)]


@pytest.mark.parametrize("source", SHAPES)
@pytest.mark.parametrize("canvas", [(320, 320), (64, 128)])
def test_points_are_converted_back_exactly(source, canvas):
    transform = LetterboxTransform.fit(source, canvas)
    points = np.random.default_rng(0).uniform(0, 1, (50, 2)) * source[::-1]
    assert_allclose(transform.to_image(transform.to_canvas(points)), points, rtol=0, atol=1e-9)


@pytest.mark.parametrize("source", SHAPES)
def test_corners_are_mapped_to_the_edges_of_the_image_on_the_canvas(source):
    transform = LetterboxTransform.fit(source, (64, 64))
    corners = transform.to_canvas([(0, 0), source[::-1]])
    height, width = transform.size
    assert_allclose(corners[0], (transform.left, transform.top))
    assert_allclose(corners[1], (transform.left + width, transform.top + height))
    assert max(height, width) == 64
    assert 0 <= transform.top <= 64 - height
    assert 0 <= transform.left <= 64 - width


def test_transform_of_a_worked_example():
    transform = LetterboxTransform.fit((100, 200), (50, 50))
    assert (transform.size, transform.top, transform.left) == ((25, 50), 12, 0)
    assert transform.scale == (0.25, 0.25)
    assert_array_equal(transform.to_canvas([200, 100]), [50, 37])
    assert_array_equal(transform.to_image([[0, 12]]), [[0, 0]])


@pytest.mark.parametrize("source", [(200, 100), (100, 200), (640, 480)])
@pytest.mark.parametrize("grid", [(10, 10), (40, 40), (7, 7)])
def test_peak_is_mapped_to_its_pixel(source, grid):
    transform = LetterboxTransform.fit(source, (160, 160))
    for row, column in np.ndindex(grid):
        x, y = transform.to_image(((column + 0.5) * 160 / grid[1], (row + 0.5) * 160 / grid[0]))
        if not (1 <= x < source[1] - 1 and 1 <= y < source[0] - 1):
            continue  # on the padding
        heat = np.zeros(grid, np.float32)
        heat[row, column] = 1
        resampled = transform.to_source(heat)
        assert resampled.shape == source
        assert resampled[int(y), int(x)] > 0.8
        # The outermost cells extend unchanged to the edge of the canvas and have no single peak.
        if 0 < row < grid[0] - 1 and 0 < column < grid[1] - 1:
            peak = np.unravel_index(resampled.argmax(), source)
            assert_allclose((peak[1] + 0.5, peak[0] + 0.5), (x, y), atol=1.0)


@pytest.mark.parametrize("source", [(30, 20), (20, 30)])
def test_ramp_on_the_canvas_is_a_ramp_on_the_image(source):
    transform = LetterboxTransform.fit(source, (60, 60))
    x_of_canvas = np.tile(np.arange(60, dtype=np.float32) + 0.5, (60, 1))
    x, _ = np.meshgrid(np.arange(source[1]) + 0.5, np.arange(source[0]) + 0.5)
    expected = x * transform.scale[0] + transform.left
    assert_allclose(transform.to_source(x_of_canvas), expected, atol=1e-4)


def test_heat_on_the_padding_is_ignored():
    transform = LetterboxTransform.fit((100, 50), (100, 100))  # 25 columns of padding left and right
    heat = np.zeros((100, 100), np.float32)
    heat[:, :20] = 1
    assert transform.to_source(heat).max() == 0


def test_single_cell_covers_the_image():
    assert_array_equal(
        LetterboxTransform.fit((3, 5), (32, 32)).to_source(np.full((1, 1), 0.5)), np.full((3, 5), 0.5)
    )
