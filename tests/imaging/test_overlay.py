"""Rendering of heatmaps."""

import io
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from fracture_core.imaging import blend_heatmap, encode_png, find_contours, render_layer, render_legend

PIXELS = np.array([[0.0, 0.2, 1.0]], np.float32)
GREY = np.array([[[0] * 3, [51] * 3, [255] * 3]], np.uint8)


def test_opacity_zero_gives_exactly_the_grey_image():
    assert_array_equal(blend_heatmap(PIXELS, np.ones((1, 3)), 0), GREY)


@pytest.mark.parametrize("opacity", [0.0, 0.3, 1.0])
def test_no_heat_gives_exactly_the_grey_image(opacity):
    assert_array_equal(blend_heatmap(PIXELS, np.zeros((1, 3)), opacity), GREY)


def test_full_heat_at_full_opacity_gives_the_last_colour():
    hottest = render_legend(256, 1)[0, -1]
    assert_array_equal(blend_heatmap(PIXELS, np.ones((1, 3)), 1)[0], [hottest] * 3)


def test_half_opacity_gives_half_the_colour():
    hottest = render_legend(256, 1)[0, -1].astype(float)
    assert_allclose(blend_heatmap(np.zeros((1, 1)), np.ones((1, 1)), 0.5)[0, 0], hottest / 2, atol=0.51)


def test_colour_grows_with_the_heat():
    pixels = blend_heatmap(np.full((1, 5), 0.5), np.linspace(0, 1, 5)[None], 0.6).astype(int)
    distance = np.abs(pixels - 128).sum(axis=-1)[0]
    assert distance[0] == 0
    assert (np.diff(distance) > 0).all()


def test_heat_and_opacity_outside_the_scale_are_clipped():
    assert_array_equal(blend_heatmap(PIXELS, np.full((1, 3), -3.0), 1), GREY)
    assert_array_equal(
        blend_heatmap(PIXELS, np.full((1, 3), 9.0), 7), blend_heatmap(PIXELS, np.ones((1, 3)), 1)
    )


def test_inputs_are_not_changed():
    pixels, heat = PIXELS.copy(), np.full((1, 3), 0.5, np.float32)
    blend_heatmap(pixels, heat, 0.7)
    assert_array_equal(pixels, PIXELS)
    assert_array_equal(heat, 0.5)


def test_wrong_shape_and_nan_are_rejected():
    with pytest.raises(ValueError, match="expected heat of shape"):
        blend_heatmap(PIXELS, np.ones((3, 1)), 0.5)
    with pytest.raises(ValueError, match="expected finite heat"):
        blend_heatmap(PIXELS, np.full((1, 3), np.nan), 0.5)


def test_legend_rises_in_lightness_from_left_to_right():
    strip = render_legend(64, 5)
    assert strip.shape == (5, 64, 3)
    assert strip.dtype == np.uint8
    assert (strip == strip[:1]).all()
    lightness = strip[0] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0).all()
    # The first and the last colour of plasma as published.
    assert_array_equal(strip[0, [0, -1]], [[13, 8, 135], [240, 249, 33]])


@pytest.mark.parametrize("array", [GREY, np.array([[0, 51, 255]], np.uint8), PIXELS])
def test_png_round_trip(array):
    with Image.open(io.BytesIO(encode_png(array))) as image:
        assert image.info == {}
        assert_array_equal(np.asarray(image.convert("RGB")), GREY)


def test_imaging_imports_neither_tensorflow_nor_streamlit_nor_pyplot():
    code = (
        "import sys, fracture_core.imaging;"
        "assert not {'tensorflow', 'streamlit', 'matplotlib'} & set(sys.modules), 'imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- Heatmap as a transparent layer ----


def test_layer_over_an_image_equals_the_blend():
    rng = np.random.default_rng(3)
    film = rng.uniform(0, 1, (24, 36)).astype(np.float32)
    heat = rng.uniform(-0.2, 1.2, film.shape).astype(np.float32)
    rgba = render_layer(heat).astype(np.float32)
    for opacity in (0.3, 1.0):
        alpha = rgba[..., 3:] / 255 * opacity
        expected = rgba[..., :3] * alpha + np.rint(film * 255)[..., None] * (1 - alpha)
        assert np.abs(expected - blend_heatmap(film, heat, opacity)).max() <= 1.5


def test_no_heat_is_transparent():
    assert not render_layer(np.zeros((4, 5), np.float32))[..., 3].any()


def test_contours_surround_strong_evidence():
    heat = np.zeros((40, 60), np.float32)
    heat[10:20, 30:50] = 0.8
    heat[30:35, 5:9] = 0.4
    (line,) = find_contours(heat, 0.5)
    assert line.min(axis=0).tolist() == [30.5, 10.5]
    assert line.max(axis=0).tolist() == [49.5, 19.5]
    assert len(find_contours(heat, 0.3)) == 2
    assert find_contours(heat, 0.9) == []


def test_area_with_a_hole_has_one_contour():
    heat = np.ones((30, 30), np.float32)
    heat[10:20, 10:20] = 0
    assert len(find_contours(heat, 0.5)) == 1
