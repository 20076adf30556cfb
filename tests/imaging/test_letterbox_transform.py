import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fracture_core.imaging import LetterboxTransform

SHAPES = [(100, 60), (60, 100), (97, 97), (1, 50), (3000, 1001), (7, 9)]


@pytest.mark.parametrize("source", SHAPES)
@pytest.mark.parametrize("canvas", [(320, 320), (64, 128)])
def test_points_go_there_and_back_exactly(source, canvas):
    placement = LetterboxTransform.fit(source, canvas)
    points = np.random.default_rng(0).uniform(0, 1, (50, 2)) * source[::-1]
    assert_allclose(placement.to_image(placement.to_canvas(points)), points, rtol=0, atol=1e-9)


@pytest.mark.parametrize("source", SHAPES)
def test_corners_lie_on_the_edges_of_the_image_on_the_canvas(source):
    placement = LetterboxTransform.fit(source, (64, 64))
    corners = placement.to_canvas([(0, 0), source[::-1]])
    height, width = placement.size
    assert_allclose(corners[0], (placement.left, placement.top))
    assert_allclose(corners[1], (placement.left + width, placement.top + height))
    assert max(height, width) == 64
    assert 0 <= placement.top <= 64 - height
    assert 0 <= placement.left <= 64 - width


def test_known_numbers():
    placement = LetterboxTransform.fit((100, 200), (50, 50))
    assert (placement.size, placement.top, placement.left) == ((25, 50), 12, 0)
    assert placement.scale == (0.25, 0.25)
    assert_array_equal(placement.to_canvas([200, 100]), [50, 37])
    assert_array_equal(placement.to_image([[0, 12]]), [[0, 0]])


@pytest.mark.parametrize("source", [(200, 100), (100, 200), (640, 480)])
@pytest.mark.parametrize("grid", [(10, 10), (40, 40), (7, 7)])
def test_a_peak_lands_on_the_pixel_it_came_from(source, grid):
    placement = LetterboxTransform.fit(source, (160, 160))
    for row, column in np.ndindex(grid):
        x, y = placement.to_image(((column + 0.5) * 160 / grid[1], (row + 0.5) * 160 / grid[0]))
        if not (1 <= x < source[1] - 1 and 1 <= y < source[0] - 1):
            continue  # on the padding
        heat = np.zeros(grid, np.float32)
        heat[row, column] = 1
        over = placement.to_source(heat)
        assert over.shape == source
        assert over[int(y), int(x)] > 0.8
        # The outermost cells go on unchanged to the edge of the canvas, so they have no one peak.
        if 0 < row < grid[0] - 1 and 0 < column < grid[1] - 1:
            found = np.unravel_index(over.argmax(), source)
            assert_allclose((found[1] + 0.5, found[0] + 0.5), (x, y), atol=1.0)


@pytest.mark.parametrize("source", [(30, 20), (20, 30)])
def test_a_ramp_on_the_canvas_is_the_ramp_on_the_film(source):
    placement = LetterboxTransform.fit(source, (60, 60))
    x_of_canvas = np.tile(np.arange(60, dtype=np.float32) + 0.5, (60, 1))
    x, _ = np.meshgrid(np.arange(source[1]) + 0.5, np.arange(source[0]) + 0.5)
    expected = x * placement.scale[0] + placement.left
    assert_allclose(placement.to_source(x_of_canvas), expected, atol=1e-4)


def test_heat_on_the_padding_is_left_out():
    placement = LetterboxTransform.fit((100, 50), (100, 100))  # 25 columns of padding left and right
    heat = np.zeros((100, 100), np.float32)
    heat[:, :20] = 1
    assert placement.to_source(heat).max() == 0


def test_a_single_cell_covers_the_film():
    assert_array_equal(
        LetterboxTransform.fit((3, 5), (32, 32)).to_source(np.full((1, 1), 0.5)), np.full((3, 5), 0.5)
    )
