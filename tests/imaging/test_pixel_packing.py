"""Grey values for a viewer: complete, and at eight bits only where that loses nothing."""

import gzip

import numpy as np

from fracture_core.imaging import PackedPixels


def _values(greys: PackedPixels) -> np.ndarray:
    kind = "<u2" if greys.bits == 16 else np.uint8
    return np.frombuffer(gzip.decompress(greys.packed), kind).reshape(greys.rows, greys.columns)


def test_eight_bits_stay_eight_bits():
    levels = np.arange(256, dtype=np.uint8).reshape(8, 32)
    greys = PackedPixels.of(levels.astype(np.float32) / 255)
    assert (greys.bits, greys.rows, greys.columns) == (8, 8, 32)
    np.testing.assert_array_equal(_values(greys), levels)
    assert greys.description == "32 × 8 pixels at 8 bits"


def test_finer_levels_are_kept_at_sixteen_bits():
    levels = np.arange(0, 4096, dtype=np.float32).reshape(64, 64) / 4095
    greys = PackedPixels.of(levels)
    assert greys.bits == 16
    values = _values(greys)
    assert len(np.unique(values)) == 4096
    np.testing.assert_allclose(values / 65535, levels, atol=1 / 65535)


def test_a_huge_film_is_reduced_and_says_so():
    greys = PackedPixels.of(np.full((60, 9000), 0.5, np.float32))
    assert (greys.rows, greys.columns) == (40, 6000)
    assert greys.description.startswith("6,000 × 40 pixels")


def test_the_same_film_gives_the_same_bytes():
    film = np.random.default_rng(0).uniform(0, 1, (20, 30)).astype(np.float32)
    assert PackedPixels.of(film).packed == PackedPixels.of(film.copy()).packed
