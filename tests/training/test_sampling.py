"""Sampling of an epoch: all images, undersampling, oversampling and mirrored copies."""

import numpy as np
import pytest

from fracture_core.errors import TrainingError
from fracture_core.imaging import InputSpec
from fracture_core.runs.config import TrainingConfig
from fracture_core.training.augment import augment_image
from fracture_core.training.batches import Batches
from fracture_core.zoo import Augmentation

UNCHANGED = Augmentation(rotation=0, shift=0, zoom=0, flip=False, brightness=0, contrast=0)
LABELS = np.array([1] * 5 + [0] * 17)


def _batches(**changes: object) -> Batches:
    canvases = np.zeros((22, 32, 32), np.uint8)
    canvases[:, :, 4] = np.arange(22)[:, None] + 10
    return Batches(
        canvases, LABELS, np.ones(22), InputSpec(32, 32), 4, augmentation=UNCHANGED, seed=3, **changes
    )


def _epoch(batches: Batches) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of an epoch's images, and whether each is mirrored."""
    numbers = np.concatenate([batches[at][0] for at in range(len(batches))])[..., 0] * 255
    mirrored = numbers[:, 0, 4] < 5
    return np.rint(np.where(mirrored, numbers[:, 0, 27], numbers[:, 0, 4])).astype(int) - 10, mirrored


def test_every_image_is_drawn_once_by_default():
    numbers, mirrored = _epoch(_batches())
    assert sorted(numbers) == list(range(22))
    assert not mirrored.any()


def test_undersampling_draws_anew_each_epoch():
    batches = _batches(sampling="under")
    first, _ = _epoch(batches)
    batches.on_epoch_end()
    second, _ = _epoch(batches)
    for numbers in (first, second):
        assert len(numbers) == 10
        assert set(range(5)) <= set(numbers.tolist())
    assert set(first.tolist()) != set(second.tolist())


def test_oversampling_repeats_the_minority_class():
    numbers, _ = _epoch(_batches(sampling="over"))
    count = np.bincount(numbers, minlength=22)
    assert (count[5:] == 1).all()
    assert count[:5].sum() == 17
    assert set(count[:5]) == {3, 4}


def test_repetitions_are_augmented_differently():
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
    positive = inputs[labels[:, 0] == 1]
    assert len(np.unique(positive.reshape(len(positive), -1), axis=0)) == len(positive)


def test_doubling_adds_mirror_images():
    numbers, mirrored = _epoch(_batches(doubled=True))
    assert sorted(zip(numbers.tolist(), mirrored.tolist(), strict=True)) == [
        (number, mirror) for number in range(22) for mirror in (False, True)
    ]


def test_affine_map_includes_mirroring():
    canvas = np.zeros((20, 20), np.uint8)
    canvas[5, 3] = 200
    image, matrix = augment_image(canvas, UNCHANGED, np.random.default_rng(0), mirrored=True)
    assert image[5, 16] == 200
    assert matrix @ [3, 5, 1] == pytest.approx([16, 5])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampling": "some"}, "Class sampling must be one of all, under, over"),
        (
            {"sampling": "over", "negatives": 2.0},
            "Negatives per positive and class sampling exclude each other",
        ),
    ],
)
def test_invalid_settings_are_refused(changes, message):
    with pytest.raises(TrainingError, match=message):
        TrainingConfig(data="x", architecture="four_block", **changes)
