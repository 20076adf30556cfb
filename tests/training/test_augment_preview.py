"""Preview of augmented images."""

import numpy as np
import pytest

from fracture_core.imaging import InputSpec
from fracture_core.training.augment import preview_variations
from fracture_core.training.batches import Batches
from fracture_core.zoo import Augmentation

IMAGE = np.random.default_rng(3).integers(1, 256, (48, 40), np.uint8)
NOTHING = Augmentation(rotation=0, shift=0, zoom=0, flip=False, brightness=0, contrast=0)


def test_preview_equals_the_training_batches():
    augmentation = Augmentation()
    previews = preview_variations(IMAGE, augmentation, 3, seed=5)
    for epoch, preview in enumerate(previews):
        batches = Batches(
            IMAGE[None],
            np.array([1]),
            np.ones(1),
            InputSpec(48, 40),
            1,
            augmentation=augmentation,
            seed=5,
            epoch=epoch,
        )
        assert batches[0][0][0, :, :, 0] * 255 == pytest.approx(preview)


def test_zero_ranges_change_nothing():
    assert all(np.array_equal(preview, IMAGE) for preview in preview_variations(IMAGE, NOTHING, 4))


def test_every_second_image_is_mirrored_if_images_are_doubled():
    straight, mirrored = preview_variations(IMAGE, NOTHING, 2, doubled=True)
    assert np.array_equal(straight, IMAGE)
    assert np.array_equal(mirrored, IMAGE[:, ::-1])


def test_larger_range_enlarges_the_same_changes():
    def changes(brightness: float) -> np.ndarray:
        previews = preview_variations(
            np.full((8, 8), 128, np.uint8), Augmentation(0, 0, 0, False, brightness, 0), 6, seed=1
        )
        return np.array([float(preview.mean()) - 128 for preview in previews])

    small, large = changes(0.1), changes(0.3)
    assert (np.sign(small) == np.sign(large)).all()
    assert (abs(large) > abs(small)).all()
