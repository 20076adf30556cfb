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
def bone(film) -> np.ndarray:
    """The film of `conftest` as 12-bit values, uint16 (240, 200)."""
    return np.rint(film * 4095).astype(np.uint16)


@pytest.fixture
def overlay(bone) -> np.ndarray:
    """Bars in bits 12 and 14, like annotations in unused bits."""
    bars = np.zeros_like(bone)
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
def test_overlay_bits_are_removed(dataset, encode, bone, overlay, syntax):
    film = read_radiograph(_write(dataset, encode, bone | overlay, syntax))
    assert_array_equal(film.pixels, read_radiograph(_write(dataset, encode, bone, syntax)).pixels)
    assert film.warnings == ()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_overlay_bits_of_signed_values_are_removed(dataset, encode, bone, overlay, syntax):
    signed = (bone.astype(np.int16) - 2048).view(np.uint16) & 0x0FFF
    elements = {"PixelRepresentation": 1, "WindowCenter": 0}
    film = read_radiograph(_write(dataset, encode, signed | overlay, syntax, **elements))
    plain = read_radiograph(_write(dataset, encode, bone, ExplicitVRLittleEndian))
    assert_array_equal(film.pixels, plain.pixels)
    assert film.warnings == ()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_image_in_the_high_bits_is_shifted_down(dataset, encode, bone, syntax):
    low_overlay = (bone & 1) << 2
    film = read_radiograph(_write(dataset, encode, bone << 4 | low_overlay, syntax, HighBit=15))
    assert_array_equal(film.pixels, read_radiograph(_write(dataset, encode, bone, syntax)).pixels)


def test_high_bit_that_contradicts_the_values_is_ignored(dataset, encode, bone):
    film = read_radiograph(_write(dataset, encode, bone, ExplicitVRLittleEndian, HighBit=15))
    assert_array_equal(
        film.pixels, read_radiograph(_write(dataset, encode, bone, ExplicitVRLittleEndian)).pixels
    )


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_too_few_stored_bits_are_detected(dataset, encode, film, syntax):
    values = np.rint(film * 65535).astype(np.uint16)
    found = read_radiograph(_write(dataset, encode, values, syntax, WindowCenter=32768, WindowWidth=65536))
    np.testing.assert_allclose(found.pixels, film, atol=1e-4)
    (warning,) = found.warnings
    assert "states 12 bits per pixel, but its values need more" in warning


def test_far_too_few_stored_bits_are_detected(dataset, encode, bone):
    noisy = bone + np.random.default_rng(0).integers(0, 200, bone.shape, np.uint16)
    found = read_radiograph(_write(dataset, encode, noisy, ExplicitVRLittleEndian, BitsStored=8))
    np.testing.assert_allclose(found.pixels, np.clip(noisy / 4095, 0, 1), atol=1e-4)
    assert "states 8 bits per pixel" in found.warnings[0]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_random_unused_bits_are_removed(dataset, encode, bone, syntax):
    random = np.random.default_rng(0).integers(0, 16, bone.shape, np.uint16) << 12
    film = read_radiograph(_write(dataset, encode, bone | random, syntax))
    assert_array_equal(film.pixels, read_radiograph(_write(dataset, encode, bone, syntax)).pixels)
    assert film.warnings == ()


def test_padding_with_more_than_the_stored_bits_is_black(dataset, encode, bone):
    padded = bone.copy()
    padded[:40] = 63536
    film = read_radiograph(_write(dataset, encode, padded, ExplicitVRLittleEndian, PixelPaddingValue=63536))
    assert not film.pixels[:40].any()
    assert_array_equal(
        film.pixels[40:], read_radiograph(_write(dataset, encode, bone, ExplicitVRLittleEndian)).pixels[40:]
    )


@pytest.mark.parametrize("elements", [{}, {"BitsStored": 16}, {"BitsStored": 0}, {"BitsStored": 99}])
def test_values_are_unchanged_without_a_valid_bits_stored(dataset, bone, elements):
    source = dataset(bone)
    del source.BitsStored
    for keyword, value in elements.items():
        setattr(source, keyword, value)
    values, warnings = extract_stored_bits(bone, source)
    assert values is bone
    assert warnings == ()
