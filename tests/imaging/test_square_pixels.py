"""Resampling of images with non-square pixels."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fracture_core.imaging import read_radiograph, square_pixels

WINDOW = {"BitsStored": 12, "WindowCenter": 2048, "WindowWidth": 4096}


@pytest.mark.parametrize(
    "elements",
    [
        {"PixelSpacing": [0.1, 0.2]},
        {"ImagerPixelSpacing": [0.1, 0.2]},
        {"NominalScannedPixelSpacing": [0.1, 0.2]},
        {"PixelAspectRatio": [1, 2]},
        {"PixelSpacing": [0.1, 0.2], "ImagerPixelSpacing": [0.2, 0.2], "PixelAspectRatio": [1, 1]},
    ],
)
def test_wide_pixels_become_square(make_dicom, film_12_bit, elements):
    film = read_radiograph(make_dicom(film_12_bit[:, ::2].copy(), **elements, **WINDOW))
    assert film.pixels.shape == (240, 199)
    # Stored pixels are unchanged; the pixels between them are interpolated.
    assert_allclose(film.pixels[:, ::2], film_12_bit[:, ::2] / 4095, atol=1e-6)
    assert_allclose(film.pixels, film_12_bit[:, :199] / 4095, atol=0.002)
    assert film.spacing == (None if "PixelAspectRatio" in elements and len(elements) == 1 else (0.1, 0.1))
    assert film.scale == (1, 2)
    assert film.warnings == ()


def test_tall_pixels_become_square(make_dicom, film_12_bit):
    film = read_radiograph(make_dicom(film_12_bit[::3].copy(), PixelSpacing=[0.3, 0.1], **WINDOW))
    assert film.pixels.shape == (238, 200)
    assert_allclose(film.pixels, film_12_bit[:238] / 4095, atol=0.004)
    assert_allclose(film.spacing, 0.1)
    assert film.scale == (3, 1)


def test_spacing_is_that_of_the_resampled_pixels(make_dicom, film_12_bit):
    film = read_radiograph(make_dicom(film_12_bit, PixelSpacing=[0.15, 0.14], **WINDOW))
    assert film.pixels.shape == (257, 200)
    # The distance between the first and the last centre stays what the file states.
    stated = np.multiply((239, 199), (0.15, 0.14))
    assert_allclose(np.multiply((256, 199), film.spacing), stated)
    assert film.spacing[0] == pytest.approx(film.spacing[1], rel=0.005)


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"PixelSpacing": [0.1, 0.1]},
        {"PixelSpacing": [0.1000, 0.1005]},
        {"PixelSpacing": [0.1, 0.1], "PixelAspectRatio": [1, 2]},
        {"PixelAspectRatio": [1, 0]},
        {"PixelSpacing": [0.1]},
        {"PixelSpacing": [-0.1, 0.2]},
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_square_and_unknown_pixels_are_not_resampled(make_dicom, film_12_bit, elements):
    film = read_radiograph(make_dicom(film_12_bit, **elements, **WINDOW))
    assert_array_equal(film.pixels, read_radiograph(make_dicom(film_12_bit, **WINDOW)).pixels)
    assert film.scale == (1, 1)
    assert film.warnings == ()


def test_implausible_pixel_shape_is_ignored_with_a_warning(make_dicom, film_12_bit):
    film = read_radiograph(make_dicom(film_12_bit, PixelAspectRatio=[1, 2000], **WINDOW))
    assert film.pixels.shape == film_12_bit.shape
    (warning,) = film.warnings
    assert "implausible" in warning


def test_image_that_would_become_too_large_is_reduced(monkeypatch):
    monkeypatch.setattr(square_pixels, "MAX_MEGAPIXELS", 0.001)
    assert square_pixels.square_size((31, 40), 0.5) == (16, 40)
    assert square_pixels.square_size((30, 41), 2.0) == (30, 21)
    assert square_pixels.square_size((10, 10), 0.5) == (10, 19)
    assert square_pixels.square_size((10, 10), 2.0) == (19, 10)


def test_coordinates_are_converted_to_the_file(make_dicom):
    values = np.zeros((100, 80), np.uint16)
    values[70:74, 20:23] = 4095
    film = read_radiograph(make_dicom(values, PixelSpacing=[0.1, 0.25], **WINDOW))
    blob = cv2.moments(film.pixels)
    # Moments refer to pixel centres.
    centre = np.array([blob["m10"], blob["m01"]]) / blob["m00"] + 0.5
    assert_allclose(film.to_file(centre), [21.5, 72], atol=0.01)


def test_padding_and_shutter_are_resampled(make_dicom, film_12_bit):
    squeezed = film_12_bit[:, ::2].copy() + 1
    squeezed[:, :20] = 0
    film = read_radiograph(
        make_dicom(
            squeezed, PixelSpacing=[0.1, 0.2], PixelPaddingValue=0, ShutterShape="RECTANGULAR",
            ShutterUpperHorizontalEdge=11, ShutterLowerHorizontalEdge=240, ShutterLeftVerticalEdge=1,
            ShutterRightVerticalEdge=100, ShutterPresentationValue=65535, **WINDOW,
        )
    )  # fmt: skip
    assert film.pixels.shape == film.shuttered.shape == film.shown.shape == (240, 199)
    assert film.shuttered[:10].all()
    assert not film.shuttered[12:].any()
    assert film.pixels[:, :38].max() < 0.02
    assert film.pixels[12:, 44:].any()
    assert (film.shown[:9] == 1).all()
    assert film.shown[20:, :38].max() < 0.02
