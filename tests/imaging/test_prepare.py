"""Preprocessing for the model."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fracture_core.imaging import InputSpec, Radiograph, letterbox, normalise_canvas, prepare_input


@pytest.mark.parametrize(
    ("shape", "rows", "columns"), [((40, 20), (0, 32), (8, 24)), ((20, 40), (8, 24), (0, 32))]
)
def test_image_is_complete_and_the_padding_exactly_black(shape, rows, columns):
    canvas, transform = letterbox(np.ones(shape, np.float32), 32, 32)
    expected = np.zeros((32, 32), np.uint8)
    expected[slice(*rows), slice(*columns)] = 255
    assert_array_equal(canvas, expected)
    assert (transform.top, transform.left) == (rows[0], columns[0])


def test_image_of_the_canvas_size_is_unchanged():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    canvas, _ = letterbox(values / np.float32(255), 16, 16)
    assert_array_equal(canvas, values)


def test_reduction_averages_areas():
    pixels = np.array([[0, 1, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]], np.float32)
    canvas, _ = letterbox(pixels, 2, 2)
    assert_array_equal(canvas, [[128, 0], [255, 0]])


def test_values_outside_the_range_are_clipped():
    canvas, _ = letterbox(np.array([[-1.0, 2.0]] * 2), 2, 2)
    assert_array_equal(canvas, [[0, 255], [0, 255]])


@pytest.mark.parametrize(("scaling", "expected"), [("unit", [0, 1]), ("signed", [-1, 1])])
@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_normalised(scaling, expected, channels):
    values = normalise_canvas(np.array([[0, 255]], np.uint8), InputSpec(1, 2, channels, scaling))
    assert values.dtype == np.float32
    assert values.shape == (1, 2, channels)
    for channel in range(channels):
        np.testing.assert_allclose(values[0, :, channel], expected, atol=1e-6)


def test_normalise_takes_batches():
    assert normalise_canvas(np.zeros((5, 4, 3), np.uint8), InputSpec(4, 3, 3)).shape == (5, 4, 3, 3)


@pytest.mark.parametrize("shape", [(300, 100), (100, 300)])
def test_prepare_combines_letterbox_and_normalise(shape):
    film = Radiograph(np.random.default_rng(0).random(shape, np.float32), "PNG")
    spec = InputSpec(64, 48, 3, "signed")
    array, transform = prepare_input(film, spec)
    canvas, expected = letterbox(film.pixels, 64, 48)
    assert transform == expected
    assert_array_equal(array, normalise_canvas(canvas, spec))
