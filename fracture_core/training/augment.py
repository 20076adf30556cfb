"""Variations of a training film that leave its label true and say where its pixels went."""

import math

import cv2
import numpy as np

from fracture_core.zoo import Augmentation

# OpenCV's usual fields; a low limit, for a higher one brings up the noise of even areas.
_FIELDS, _CLIP = (8, 8), 2.0


def augment_image(
    canvas: np.ndarray,
    how: Augmentation,
    rng: np.random.Generator,
    mirrored: bool = False,
    crop: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Turns, moves, zooms, mirrors and re-exposes one film, and makes it coarser and noisier.

    All geometry is one affine warp, so that a film is interpolated once; what comes in from outside
    is black, like the padding of the letterbox.

    Args:
        canvas: uint8 (height, width), letterboxed.
        how: the ranges.
        rng: where chance comes from; eleven numbers are drawn whatever `how` says, so that the same
            seed gives comparable films under different settings, and more for noise.
        mirrored: whether the film is mirrored before all else.
        crop: affine map (2, 3) that is applied before the variations, as `crops.choose_crop` gives it; None for the
            whole film.

    Returns:
        The film, uint8 (height, width), and the affine map (2, 3) from pixel indices of `canvas` to
        pixel indices of the film.
    """
    turn, right, down, zoom, flip, bright, contrast = rng.uniform(-1, 1, 7)
    bend, equal, coarse, rough = rng.uniform(-1, 1, 4)
    height, width = canvas.shape
    matrix = cv2.getRotationMatrix2D(
        ((width - 1) / 2, (height - 1) / 2), turn * how.rotation, 1 + zoom * how.zoom
    )
    if (how.flip and flip > 0) != mirrored:
        # x → width − 1 − x before everything else.
        matrix[:, 2] += matrix[:, 0] * (width - 1)
        matrix[:, 0] *= -1
    matrix[:, 2] += (right * how.shift * width, down * how.shift * height)
    if crop is not None:
        matrix = matrix @ np.vstack([crop, (0, 0, 1)])
    warped = cv2.warpAffine(canvas, matrix, (width, height), flags=cv2.INTER_LINEAR)
    film = warped > 0
    if abs(equal) < how.clahe:
        warped = cv2.createCLAHE(_CLIP, _FIELDS).apply(warped) * film
    if coarse > 0:
        warped = _reduce_resolution(warped, 1 + coarse * how.resolution) * film
    inside = warped[film]
    mean = float(inside.mean()) if inside.size else 0.0
    levels: np.ndarray = np.arange(256, dtype=np.float32)
    if how.gamma:
        exponent = math.exp(bend * how.gamma)
        levels, mean = 255 * (levels / 255) ** exponent, 255 * (mean / 255) ** exponent
    table = (levels - mean) * (1 + contrast * how.contrast) + mean + 255 * bright * how.brightness
    table[0] = 0  # the background stays black: it is not part of the film
    exposed = cv2.LUT(warped, np.clip(np.rint(table), 0, 255).astype(np.uint8))
    if how.noise:
        grain = rng.standard_normal(exposed.shape, np.float32) * (255 * abs(rough) * how.noise)
        exposed = np.clip(np.rint(exposed + grain), 0, 255).astype(np.uint8) * film
    return exposed, matrix


def _reduce_resolution(canvas: np.ndarray, times: float) -> np.ndarray:
    """The film as if its pixels had been so many times wider."""
    height, width = canvas.shape
    small = max(1, round(width / times)), max(1, round(height / times))
    if small == (width, height):
        return canvas
    return cv2.resize(
        cv2.resize(canvas, small, interpolation=cv2.INTER_AREA),
        (width, height),
        interpolation=cv2.INTER_LINEAR,
    )
