"""Variations leave a film a film."""

from dataclasses import replace

import numpy as np
import pytest

from fracture_core.data.phantom import draw
from fracture_core.training import augment as module
from fracture_core.zoo import Augmentation

NOTHING = Augmentation(rotation=0, shift=0, zoom=0, flip=False, brightness=0, contrast=0)


@pytest.fixture(scope="module")
def canvas():
    """A phantom with black columns at both sides, as the letterbox leaves them."""
    film = draw(4, "leg", True, (64, 48)).pixels
    return np.pad(np.maximum(film, 1), ((0, 0), (8, 8)))


def augment(canvas, how, rng):
    """The film alone; where its pixels went is for the tests of the cells."""
    return module.augment(canvas, how, rng)[0]


def _rng(seed=0):
    return np.random.default_rng(seed)


def test_shape_and_type(canvas):
    result = augment(canvas, Augmentation(), _rng())
    assert result.shape == canvas.shape
    assert result.dtype == np.uint8


def test_the_same_chance_gives_the_same_film(canvas):
    first, again, other = (augment(canvas, Augmentation(), _rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_it_does_not_change_its_input(canvas):
    before = canvas.copy()
    augment(canvas, Augmentation(), _rng())
    np.testing.assert_array_equal(canvas, before)


@pytest.mark.parametrize("seed", range(5))
def test_no_range_no_change(canvas, seed):
    np.testing.assert_array_equal(augment(canvas, NOTHING, _rng(seed)), canvas)


def test_a_flip_mirrors_exactly_and_half_of_the_time(canvas):
    found = [augment(canvas, replace(NOTHING, flip=True), _rng(seed)) for seed in range(200)]
    mirrored = [np.array_equal(film, canvas[:, ::-1]) for film in found]
    kept = [np.array_equal(film, canvas) for film in found]
    assert all(one != other for one, other in zip(mirrored, kept, strict=True))
    assert 70 < sum(mirrored) < 130


def test_the_background_stays_black(canvas):
    how = replace(NOTHING, brightness=0.5, contrast=0.5)
    for seed in range(10):
        result = augment(canvas, how, _rng(seed))
        assert not result[:, :8].any()
        assert not result[:, -8:].any()


def test_what_comes_in_from_outside_is_black():
    white = np.full((64, 64), 200, np.uint8)
    result = augment(white, replace(NOTHING, rotation=45.0), _rng(3))
    corners = result[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert not corners.any()
    assert result[32, 32] == 200


@pytest.mark.parametrize(("name", "most"), [("shift", 0.1), ("rotation", 20.0), ("zoom", 0.3)])
def test_ranges_move_the_film(name, most):
    y, x = np.mgrid[:64, :64]
    spot = (255 * np.exp(-((x - 44) ** 2 + (y - 32) ** 2) / 20)).astype(np.uint8)

    def centre(film):
        mass = film.sum()
        return np.array([(x * film).sum() / mass, (y * film).sum() / mass])

    moves = [
        np.abs(centre(augment(spot, replace(NOTHING, **{name: most}), _rng(seed))) - centre(spot)).max()
        for seed in range(30)
    ]
    largest = {"shift": 6.4, "rotation": 12.5 * np.sin(np.radians(20)), "zoom": 12.5 * 0.3}[name]
    assert 0.5 * largest < max(moves) <= largest + 0.3


def test_brightness_and_contrast_stay_in_their_ranges():
    half = np.concatenate([np.full((32, 64), 100, np.uint8), np.full((32, 64), 140, np.uint8)])
    for seed in range(30):
        bright = augment(half, replace(NOTHING, brightness=0.1), _rng(seed)).astype(int) - half
        assert len(np.unique(bright)) == 1
        assert abs(bright[0, 0]) <= 26
        contrast = augment(half, replace(NOTHING, contrast=0.25), _rng(seed)).astype(int)
        assert 29 <= contrast[40, 0] - contrast[0, 0] <= 51
        assert abs(contrast.mean() - 120) <= 1


def test_an_all_black_film_stays_black():
    assert not augment(np.zeros((64, 64), np.uint8), Augmentation(), _rng()).any()
