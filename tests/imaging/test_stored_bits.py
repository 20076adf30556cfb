"""Removal of bits that do not belong to the image."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from fracture_core.imaging import read_radiograph
from fracture_core.imaging.stored_bits import extract_stored_bits

WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}
SYNTAXES = [ExplicitVRLittleEndian, RLELossless, JPEGLSLossless, JPEG2000Lossless]


@pytest.fixture
def overlay_bits(film_12_bit) -> np.ndarray:
    """Bars in bits 12 and 14, like annotations in unused bits."""
    bars = np.zeros_like(film_12_bit)
    bars[20:30, 20:180] = 1 << 12
    bars[100:140, 50:60] = 1 << 14
    return bars


def _write(dataset, encode, values, syntax, **elements) -> bytes:
    """A file with 16 stored bits whose header states fewer, like real files with overlay bits."""
    high = elements.pop("HighBit", None)
    source = dataset(values)
    if syntax != ExplicitVRLittleEndian:
        source.compress(syntax, generate_instance_uid=False)
    for keyword, value in {"BitsStored": 12, **WINDOW, **elements}.items():
        setattr(source, keyword, value)
    source.HighBit = source.BitsStored - 1 if high is None else high
    return encode(source)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_overlay_bits_are_removed(make_dataset, encode_dataset, film_12_bit, overlay_bits, syntax):
    film = read_radiograph(_write(make_dataset, encode_dataset, film_12_bit | overlay_bits, syntax))
    assert_array_equal(
        film.pixels, read_radiograph(_write(make_dataset, encode_dataset, film_12_bit, syntax)).pixels
    )
    assert film.warnings == ()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_overlay_bits_of_signed_values_are_removed(
    make_dataset, encode_dataset, film_12_bit, overlay_bits, syntax
):
    signed = (film_12_bit.astype(np.int16) - 2048).view(np.uint16) & 0x0FFF
    elements = {"PixelRepresentation": 1, "WindowCenter": 0}
    film = read_radiograph(_write(make_dataset, encode_dataset, signed | overlay_bits, syntax, **elements))
    plain = read_radiograph(_write(make_dataset, encode_dataset, film_12_bit, ExplicitVRLittleEndian))
    assert_array_equal(film.pixels, plain.pixels)
    assert film.warnings == ()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_image_in_the_high_bits_is_shifted_down(make_dataset, encode_dataset, film_12_bit, syntax):
    low_overlay = (film_12_bit & 1) << 2
    film = read_radiograph(
        _write(make_dataset, encode_dataset, film_12_bit << 4 | low_overlay, syntax, HighBit=15)
    )
    assert_array_equal(
        film.pixels, read_radiograph(_write(make_dataset, encode_dataset, film_12_bit, syntax)).pixels
    )


def test_high_bit_that_contradicts_the_values_is_ignored(make_dataset, encode_dataset, film_12_bit):
    film = read_radiograph(
        _write(make_dataset, encode_dataset, film_12_bit, ExplicitVRLittleEndian, HighBit=15)
    )
    assert_array_equal(
        film.pixels,
        read_radiograph(_write(make_dataset, encode_dataset, film_12_bit, ExplicitVRLittleEndian)).pixels,
    )


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_too_few_stored_bits_are_detected(make_dataset, encode_dataset, film, syntax):
    values = np.rint(film * 65535).astype(np.uint16)
    radiograph = read_radiograph(
        _write(make_dataset, encode_dataset, values, syntax, WindowCenter=32768, WindowWidth=65536)
    )
    np.testing.assert_allclose(radiograph.pixels, film, atol=1e-4)
    (warning,) = radiograph.warnings
    assert "states 12 bits per pixel, but its values need more" in warning


def test_far_too_few_stored_bits_are_detected(make_dataset, encode_dataset, film_12_bit):
    noisy = film_12_bit + np.random.default_rng(0).integers(0, 200, film_12_bit.shape, np.uint16)
    radiograph = read_radiograph(
        _write(make_dataset, encode_dataset, noisy, ExplicitVRLittleEndian, BitsStored=8)
    )
    np.testing.assert_allclose(radiograph.pixels, np.clip(noisy / 4095, 0, 1), atol=1e-4)
    assert "states 8 bits per pixel" in radiograph.warnings[0]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_random_unused_bits_are_removed(make_dataset, encode_dataset, film_12_bit, syntax):
    random = np.random.default_rng(0).integers(0, 16, film_12_bit.shape, np.uint16) << 12
    film = read_radiograph(_write(make_dataset, encode_dataset, film_12_bit | random, syntax))
    assert_array_equal(
        film.pixels, read_radiograph(_write(make_dataset, encode_dataset, film_12_bit, syntax)).pixels
    )
    assert film.warnings == ()


def test_padding_with_more_than_the_stored_bits_is_black(make_dataset, encode_dataset, film_12_bit):
    padded = film_12_bit.copy()
    padded[:40] = 63536
    film = read_radiograph(
        _write(make_dataset, encode_dataset, padded, ExplicitVRLittleEndian, PixelPaddingValue=63536)
    )
    assert not film.pixels[:40].any()
    assert_array_equal(
        film.pixels[40:],
        read_radiograph(_write(make_dataset, encode_dataset, film_12_bit, ExplicitVRLittleEndian)).pixels[
            40:
        ],
    )


@pytest.mark.parametrize("elements", [{}, {"BitsStored": 16}, {"BitsStored": 0}, {"BitsStored": 99}])
def test_values_are_unchanged_without_a_valid_bits_stored(make_dataset, film_12_bit, elements):
    source = make_dataset(film_12_bit)
    del source.BitsStored
    for keyword, value in elements.items():
        setattr(source, keyword, value)
    values, warnings = extract_stored_bits(film_12_bit, source)
    assert values is film_12_bit
    assert warnings == ()
