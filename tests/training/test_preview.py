import numpy as np
import pytest

from fracture_core.imaging import InputSpec
from fracture_core.training.batches import Batches
from fracture_core.training.preview import preview_variations
from fracture_core.zoo import Augmentation

FILM = np.random.default_rng(3).integers(1, 256, (48, 40), np.uint8)
NOTHING = Augmentation(rotation=0, shift=0, zoom=0, flip=False, brightness=0, contrast=0)


def test_the_looks_are_those_of_a_training():
    how = Augmentation()
    looks = preview_variations(FILM, how, 3, seed=5)
    for epoch, look in enumerate(looks):
        films = Batches(
            FILM[None], np.array([1]), np.ones(1), InputSpec(48, 40), 1, augmentation=how, seed=5, epoch=epoch
        )
        assert films[0][0][0, :, :, 0] * 255 == pytest.approx(look)


def test_nothing_leaves_the_film_as_it_is():
    assert all(np.array_equal(look, FILM) for look in preview_variations(FILM, NOTHING, 4))


def test_every_second_look_is_mirrored_where_films_are_doubled():
    straight, mirrored = preview_variations(FILM, NOTHING, 2, doubled=True)
    assert np.array_equal(straight, FILM)
    assert np.array_equal(mirrored, FILM[:, ::-1])


def test_another_strength_shows_the_same_looks_varied_more():
    def off(brightness: float) -> np.ndarray:
        looks = preview_variations(
            np.full((8, 8), 128, np.uint8), Augmentation(0, 0, 0, False, brightness, 0), 6, seed=1
        )
        return np.array([float(look.mean()) - 128 for look in looks])

    little, much = off(0.1), off(0.3)
    assert (np.sign(little) == np.sign(much)).all()
    assert (abs(much) > abs(little)).all()
