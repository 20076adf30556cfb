"""Which films an epoch shows: all, few of the commoner kind, the rarer kind again, every film and its mirror image."""

import numpy as np
import pytest

from fracture_core.errors import TrainingError
from fracture_core.imaging import InputSpec
from fracture_core.runs.config import TrainingConfig
from fracture_core.training.augment import augment_image
from fracture_core.training.batches import Batches
from fracture_core.zoo import Augmentation

STILL = Augmentation(rotation=0, shift=0, zoom=0, flip=False, brightness=0, contrast=0)
LABELS = np.array([1] * 5 + [0] * 17)


def _batches(**changes: object) -> Batches:
    canvases = np.zeros((22, 32, 32), np.uint8)
    canvases[:, :, 4] = np.arange(22)[:, None] + 10
    return Batches(canvases, LABELS, np.ones(22), InputSpec(32, 32), 4, augmentation=STILL, seed=3, **changes)


def _epoch(batches: Batches) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the films that an epoch shows, and whether each is mirrored."""
    films = np.concatenate([batches[at][0] for at in range(len(batches))])[..., 0] * 255
    mirrored = films[:, 0, 4] < 5
    return np.rint(np.where(mirrored, films[:, 0, 27], films[:, 0, 4])).astype(int) - 10, mirrored


def test_all():
    films, mirrored = _epoch(_batches())
    assert sorted(films) == list(range(22))
    assert not mirrored.any()


def test_under_sampling_shows_others_each_epoch():
    batches = _batches(sampling="under")
    first, _ = _epoch(batches)
    batches.on_epoch_end()
    second, _ = _epoch(batches)
    for films in (first, second):
        assert len(films) == 10
        assert set(range(5)) <= set(films.tolist())
    assert set(first.tolist()) != set(second.tolist())


def test_over_sampling_shows_all_and_the_rarer_kind_again():
    films, _ = _epoch(_batches(sampling="over"))
    count = np.bincount(films, minlength=22)
    assert (count[5:] == 1).all()
    assert count[:5].sum() == 17
    assert set(count[:5]) == {3, 4}


def test_the_same_film_again_is_varied_otherwise():
    batches = Batches(
        np.tile(np.arange(32, dtype=np.uint8) * 7, (22, 32, 1)),
        LABELS,
        np.ones(22),
        InputSpec(32, 32),
        34,
        augmentation=Augmentation(),
        sampling="over",
    )
    inputs, labels, _ = batches[0]
    broken = inputs[labels[:, 0] == 1]
    assert len(np.unique(broken.reshape(len(broken), -1), axis=0)) == len(broken)


def test_doubling_shows_every_film_and_its_mirror_image():
    films, mirrored = _epoch(_batches(doubled=True))
    assert sorted(zip(films.tolist(), mirrored.tolist(), strict=True)) == [
        (film, mirror) for film in range(22) for mirror in (False, True)
    ]


def test_mirroring_moves_the_boxes_along():
    canvas = np.zeros((20, 20), np.uint8)
    canvas[5, 3] = 200
    film, moved = augment_image(canvas, STILL, np.random.default_rng(0), mirrored=True)
    assert film[5, 16] == 200
    assert moved @ [3, 5, 1] == pytest.approx([16, 5])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sampling": "some"}, "a sampling out of all, under, over"),
        ({"sampling": "over", "negatives": 2.0}, "either negatives or a sampling"),
    ],
)
def test_what_is_refused(changes, words):
    with pytest.raises(TrainingError, match=words):
        TrainingConfig(data="x", architecture="four_block", **changes)
