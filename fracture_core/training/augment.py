"""Random augmentation of one training image that keeps its label and reports its affine map, and its preview."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from fracture_core.zoo import Augmentation

# CLAHE with OpenCV's default tiles. A higher clip limit would amplify the noise of uniform areas.
_CLAHE_TILES, _CLAHE_CLIP_LIMIT = (8, 8), 2.0


def augment_image(
    canvas: NDArray[np.uint8],
    augmentation: Augmentation,
    rng: np.random.Generator,
    mirrored: bool = False,
    crop: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Augment one image geometrically and photometrically.

    The geometry is one affine warp, so that the image is interpolated once. Areas outside the canvas become black,
    like the padding of the letterbox.

    Args:
        canvas: Letterboxed image, uint8 (height, width).
        augmentation: Ranges of the augmentation.
        rng: Random generator. Eleven numbers are always drawn, so that one seed gives comparable images with different
            settings; noise draws more.
        mirrored: Whether to mirror the image first.
        crop: Affine map (2, 3) to apply before the augmentation, from `crops.choose_crop`; None for the whole image.

    Returns:
        The augmented image, uint8 (height, width), and the affine map (2, 3) from pixel indices of `canvas` to pixel
        indices of the augmented image.
    """
    rotation, right, down, zoom, flip, brightness, contrast = rng.uniform(-1, 1, 7)
    gamma, clahe, resolution, noise = rng.uniform(-1, 1, 4)
    height, width = canvas.shape
    matrix = cv2.getRotationMatrix2D(
        ((width - 1) / 2, (height - 1) / 2), rotation * augmentation.rotation, 1 + zoom * augmentation.zoom
    )
    if (augmentation.flip and flip > 0) != mirrored:
        # x → width − 1 − x before everything else.
        matrix[:, 2] += matrix[:, 0] * (width - 1)
        matrix[:, 0] *= -1
    matrix[:, 2] += (right * augmentation.shift * width, down * augmentation.shift * height)
    if crop is not None:
        matrix = matrix @ np.vstack([crop, (0, 0, 1)])
    warped = cv2.warpAffine(canvas, matrix, (width, height), flags=cv2.INTER_LINEAR)
    image = np.asarray(warped, np.uint8)
    foreground = image > 0
    if abs(clahe) < augmentation.clahe:
        clahe_filter = cv2.createCLAHE(_CLAHE_CLIP_LIMIT, _CLAHE_TILES)
        image = np.asarray(clahe_filter.apply(image), np.uint8) * foreground
    if resolution > 0:
        image = _reduce_resolution(image, 1 + resolution * augmentation.resolution) * foreground
    inside = image[foreground]
    mean = float(inside.mean()) if inside.size else 0.0
    levels: NDArray[np.floating] = np.arange(256, dtype=np.float32)
    if augmentation.gamma:
        exponent = math.exp(gamma * augmentation.gamma)
        levels, mean = 255 * (levels / 255) ** exponent, 255 * (mean / 255) ** exponent
    table = (
        (levels - mean) * (1 + contrast * augmentation.contrast)
        + mean
        + 255 * brightness * augmentation.brightness
    )
    table[0] = 0  # the background stays black
    exposed = np.asarray(cv2.LUT(image, np.clip(np.rint(table), 0, 255).astype(np.uint8)), np.uint8)
    if augmentation.noise:
        grain = rng.standard_normal(exposed.shape, np.float32) * (255 * abs(noise) * augmentation.noise)
        exposed = np.clip(np.rint(exposed + grain), 0, 255).astype(np.uint8) * foreground
    return exposed, np.asarray(matrix, np.float64)


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


def _reduce_resolution(canvas: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """Reduce the resolution by a factor and resize the image to its original size."""
    height, width = canvas.shape
    small = max(1, round(width / factor)), max(1, round(height / factor))
    if small == (width, height):
        return canvas
    reduced = cv2.resize(canvas, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(reduced, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
