"""Preview of the augmentation of a training image."""

import numpy as np
from numpy.typing import NDArray

from fracture_core.training.augment import augment_image
from fracture_core.zoo import Augmentation


def preview_variations(
    canvas: NDArray[np.uint8], augmentation: Augmentation, count: int, seed: int = 0, doubled: bool = False
) -> list[NDArray[np.uint8]]:
    """Augment one image several times as a training would.

    The random numbers are those of `Batches` for the first training image in the first epochs, whichever image is
    shown. Other settings therefore show the same changes, weaker or stronger.

    Args:
        canvas: Letterboxed image, uint8 (height, width).
        augmentation: Ranges of the augmentation.
        count: Number of augmented images.
        seed: Seed of the training.
        doubled: Whether to mirror every second image, like a training that shows each image twice.

    Returns:
        `count` images, uint8 (height, width).

    Example:
        >>> images = preview_variations(np.full((32, 32), 128, np.uint8), Augmentation(), count=3)
        >>> len(images), images[0].shape
        (3, (32, 32))
    """
    return [
        augment_image(
            canvas, augmentation, np.random.default_rng((seed, epoch, 0)), doubled and epoch % 2 == 1
        )[0]
        for epoch in range(count)
    ]
