"""Compressed grey values for the viewer: lossless, with eight or sixteen bits."""

import gzip

import numpy as np

from fracture_core.imaging import PackedPixels


def _values(packed: PackedPixels) -> np.ndarray:
    kind = "<u2" if packed.bits == 16 else np.uint8
    return np.frombuffer(gzip.decompress(packed.packed), kind).reshape(packed.rows, packed.columns)


def test_eight_bits_stay_eight_bits():
    levels = np.arange(256, dtype=np.uint8).reshape(8, 32)
    packed = PackedPixels.of(levels.astype(np.float32) / 255)
    assert (packed.bits, packed.rows, packed.columns) == (8, 8, 32)
    np.testing.assert_array_equal(_values(packed), levels)
    assert packed.description == "32 × 8 pixels at 8 bits"


def test_finer_levels_are_stored_with_sixteen_bits():
    levels = np.arange(0, 4096, dtype=np.float32).reshape(64, 64) / 4095
    packed = PackedPixels.of(levels)
    assert packed.bits == 16
    values = _values(packed)
    assert len(np.unique(values)) == 4096
    np.testing.assert_allclose(values / 65535, levels, atol=1 / 65535)


def test_huge_image_is_reduced():
    packed = PackedPixels.of(np.full((60, 9000), 0.5, np.float32))
    assert (packed.rows, packed.columns) == (40, 6000)
    assert packed.description.startswith("6,000 × 40 pixels")


def test_same_image_gives_the_same_bytes():
    film = np.random.default_rng(0).uniform(0, 1, (20, 30)).astype(np.float32)
    assert PackedPixels.of(film).packed == PackedPixels.of(film.copy()).packed
