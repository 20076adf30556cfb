"""Variations of a training film that leave its label true and say where its pixels went."""

import cv2
import numpy as np

from fracture_core.zoo import Augmentation


def augment(
    canvas: np.ndarray, how: Augmentation, rng: np.random.Generator, mirrored: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Turns, moves, zooms, mirrors and re-exposes one film.

    All geometry is one affine warp, so that a film is interpolated once; what comes in from outside
    is black, like the padding of the letterbox.

    Args:
        canvas: uint8 (height, width), letterboxed.
        how: the ranges.
        rng: where chance comes from; seven numbers are drawn whatever `how` says, so that the same
            seed gives comparable films under different settings.
        mirrored: whether the film is mirrored before all else.

    Returns:
        The film, uint8 (height, width), and the affine map (2, 3) from pixel indices of `canvas` to
        pixel indices of the film.
    """
    turn, right, down, zoom, flip, bright, contrast = rng.uniform(-1, 1, 7)
    height, width = canvas.shape
    matrix = cv2.getRotationMatrix2D(
        ((width - 1) / 2, (height - 1) / 2), turn * how.rotation, 1 + zoom * how.zoom
    )
    if (how.flip and flip > 0) != mirrored:
        # x → width − 1 − x before everything else.
        matrix[:, 2] += matrix[:, 0] * (width - 1)
        matrix[:, 0] *= -1
    matrix[:, 2] += (right * how.shift * width, down * how.shift * height)
    warped = cv2.warpAffine(canvas, matrix, (width, height), flags=cv2.INTER_LINEAR)
    inside = warped[warped > 0]
    mean = float(inside.mean()) if inside.size else 0.0
    levels = np.arange(256, dtype=np.float32)
    table = (levels - mean) * (1 + contrast * how.contrast) + mean + 255 * bright * how.brightness
    table[0] = 0  # the background stays black: it is not part of the film
    return cv2.LUT(warped, np.clip(np.rint(table), 0, 255).astype(np.uint8)), matrix
