"""What training films look like to the network, before anything is trained."""

import numpy as np

from fracture_core.training.augment import augment_image
from fracture_core.zoo import Augmentation


def preview_variations(
    canvas: np.ndarray, how: Augmentation, count: int, seed: int = 0, doubled: bool = False
) -> list[np.ndarray]:
    """One film at several looks of a training.

    The chance is that of `Batches` for the first training film in the first epochs, whichever film is shown, so that
    another setting shows the same looks, varied more or less.

    Args:
        canvas: uint8 (height, width), letterboxed.
        how: the ranges.
        count: how many looks.
        seed: of the training.
        doubled: whether every second look is at the mirrored film, as where a training shows each film twice.

    Returns:
        `count` films, uint8 (height, width).
    """
    return [
        augment_image(canvas, how, np.random.default_rng((seed, look, 0)), doubled and look % 2 == 1)[0]
        for look in range(count)
    ]
