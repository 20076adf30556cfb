"""Variations leave a film a film."""

from dataclasses import replace

import numpy as np
import pytest

from fracture_core.phantom import draw_phantom
from fracture_core.training import augment as module
from fracture_core.zoo import Augmentation

NOTHING = Augmentation(rotation=0, shift=0, zoom=0, flip=False, brightness=0, contrast=0)


@pytest.fixture(scope="module")
def canvas():
    """A phantom with black columns at both sides, as the letterbox leaves them."""
    film = draw_phantom(4, "leg", True, (64, 48)).pixels
    return np.pad(np.maximum(film, 1), ((0, 0), (8, 8)))


def augment(canvas, how, rng):
    """The film alone; where its pixels went is for the tests of the cells."""
    return module.augment_image(canvas, how, rng)[0]


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


def test_gamma_bends_the_middle_greys_and_keeps_both_ends():
    ramp = np.tile(np.arange(256, dtype=np.uint8), (8, 1))
    found = [augment(ramp, replace(NOTHING, gamma=0.5), _rng(seed))[0].astype(int) for seed in range(40)]
    for greys in found:
        assert (greys[0], greys[-1]) == (0, 255)
        assert (np.diff(greys) >= 0).all()
        # 128 to the exponents e^-0.5 and e^0.5.
        assert 81 <= greys[128] <= 169
    assert min(greys[128] for greys in found) < 105
    assert max(greys[128] for greys in found) > 150


def test_local_contrast_is_equalised_in_so_many_looks(canvas):
    found = [augment(canvas, replace(NOTHING, clahe=0.3), _rng(seed)) for seed in range(200)]
    changed = [film for film in found if not np.array_equal(film, canvas)]
    assert 35 < len(changed) < 85
    for film in changed:
        assert film[:, 8:-8].std() > canvas[:, 8:-8].std()
        assert not film[:, :8].any()


def test_half_of_the_looks_are_coarser():
    checks = np.tile(np.array([[80, 160], [160, 80]], np.uint8), (32, 32))
    found = [augment(checks, replace(NOTHING, resolution=1.0), _rng(seed)) for seed in range(100)]
    spread = np.array([film.std() for film in found])
    # What is finer than the pixels is gone, and nothing else: the film is as bright as before.
    assert 30 < (spread < 35).sum() < 65
    assert spread.max() == 40
    assert all(abs(film.mean() - 120) < 2 for film in found)


def test_noise_has_a_spread_of_at_most_what_was_asked():
    grey = np.full((64, 64), 120, np.uint8)
    spread = [augment(grey, replace(NOTHING, noise=0.1), _rng(seed)).std() for seed in range(60)]
    assert max(spread) < 27
    assert max(spread) > 20
    assert min(spread) < 4


@pytest.mark.parametrize("name", ["gamma", "clahe", "resolution", "noise"])
def test_what_is_added_for_other_machines_leaves_the_background_and_the_place(canvas, name):
    for seed in range(10):
        film, moved = module.augment_image(canvas, replace(NOTHING, **{name: 0.2}), _rng(seed))
        np.testing.assert_array_equal(moved, np.eye(2, 3))
        assert not film[:, :8].any()
        assert film.any()


def test_an_all_black_film_stays_black():
    how = Augmentation(gamma=0.5, clahe=1.0, resolution=1.0, noise=0.1)
    for seed in range(5):
        assert not augment(np.zeros((64, 64), np.uint8), how, _rng(seed)).any()
