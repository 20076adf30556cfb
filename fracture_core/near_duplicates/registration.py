"""Pairwise comparison: fingerprints at every rotation, and registered pixels for doubtful pairs."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from fracture_core.near_duplicates.fingerprint import ANGLES, NOISE_FLOOR, normalised_detail

#: Fingerprint correlation from which two images are duplicates without a comparison of pixels, and below which
#: they are not. Copies in FracAtlas and in two datasets of rotated copies are above 0.76, nearly all above 0.85.
#: Different images of one view reach 0.84.
SURE_CORRELATION, DOUBTFUL_CORRELATION = 0.93, 0.75

#: Pixel agreement from which two images are duplicates. Among the doubtful pairs of FracAtlas, duplicates have at
#: least 0.92 and other pairs (two feet of one size) at most 0.87.
SAME_AGREEMENT = 0.9

# Share of the first image's detail that the registered second image must cover.
_MIN_OVERLAP = 0.5

#: Side in pixels of the squares that are registered.
REGISTRATION_SIDE = 128
# Sigmas for `normalised_detail` at this side.
_SIGMAS = (0.7, 2.7, 4.0)

_ROWS, _COLUMNS = np.mgrid[:REGISTRATION_SIDE, :REGISTRATION_SIDE]
_DISC = (
    np.hypot(_ROWS - (REGISTRATION_SIDE - 1) / 2, _COLUMNS - (REGISTRATION_SIDE - 1) / 2)
    < REGISTRATION_SIDE / 2 - 2
).astype(np.uint8)
# Side in pixels of the neighbourhoods of the local correlations.
_AROUND = 17

# Duplicates converge much earlier; other pairs do not converge.
_ECC_CRITERIA = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 15, 1e-3)


@dataclass(frozen=True)
class Pose:
    """Best alignment of one fingerprint with another.

    Attributes:
        correlation: absolute correlation, 0–1. The negative of an image counts as the same image.
        turn: rotation of the second image in radians.
        mirrored: whether the second image is also mirrored.
        negative: whether black and white are exchanged.
    """

    correlation: float
    turn: float
    mirrored: bool
    negative: bool


def best_poses(
    fingerprints: NDArray[np.int8], left: NDArray[np.int64], right: NDArray[np.int64]
) -> list[Pose]:
    """Align pairs of fingerprints at every rotation, with and without mirroring.

    Args:
        fingerprints: int8 (n, RADII, ANGLES).
        left: int64 (m,), first image of each pair.
        right: int64 (m,), second image of each pair.

    Returns:
        The best pose of each pair; correlation 0 if one image has no detail.
    """
    rows, place = np.unique(np.concatenate([left, right]), return_inverse=True)
    waves = rfft(_normalise(fingerprints[rows]))
    a, b = waves[place[: len(left)]], waves[place[len(left) :]]
    straight = irfft((np.conj(a) * b).sum(axis=1), ANGLES)
    mirrored = irfft((a * b).sum(axis=1), ANGLES)
    both = np.concatenate([straight, mirrored], axis=1)
    best = np.abs(both).argmax(axis=1)
    value = both[np.arange(len(both)), best]
    return [
        Pose(float(abs(v)), float(k % ANGLES) * 2 * np.pi / ANGLES, bool(k >= ANGLES), bool(v < 0))
        for k, v in zip(best, value, strict=True)
    ]


def pixel_agreement(first: NDArray[np.float32], second: NDArray[np.float32], pose: Pose) -> float:
    """Register the second image to the first and compare them pixel by pixel.

    The pose is refined to an affine transform, which also corrects a crop or tilt, by maximising the
    correlation (ECC, Evangelidis and Psarakis 2008, in OpenCV). Two hands in one position agree in parts.
    Duplicates agree nearly everywhere, except where one was cropped or annotated. The result is therefore
    the median of local correlations. Flat regions (collimated, cropped, never decoded) do not count.

    Args:
        first: float32 (REGISTRATION_SIDE, REGISTRATION_SIDE), 0–1.
        second: float32, same shape.
        pose: approximate pose of the second image relative to the first.

    Returns:
        Median local correlation of the detail, −1…1; 0 if the images overlap too little.
    """
    moving = np.ascontiguousarray(second[::-1]) if pose.mirrored else second
    moving = 1 - moving if pose.negative else moving
    warp = _rotation(-pose.turn if pose.mirrored else pose.turn)
    fixed, moving_detail = normalised_detail(first, *_SIGMAS), normalised_detail(moving, *_SIGMAS)
    initial = _correlation(fixed, moving_detail, warp)
    if initial >= SAME_AGREEMENT:
        return initial
    try:
        refined = cv2.findTransformECC(
            fixed[0], moving_detail[0], warp.copy(), cv2.MOTION_AFFINE, _ECC_CRITERIA, _DISC, 5
        )[1]
    except cv2.error:
        # ECC does not converge if the images have nothing in common.
        return initial
    return max(initial, _correlation(fixed, moving_detail, np.asarray(refined, np.float32)))


def _correlation(
    fixed: tuple[NDArray[np.float32], NDArray[np.float32]],
    moving: tuple[NDArray[np.float32], NDArray[np.float32]],
    warp: NDArray[np.float32],
) -> float:
    """Return the median local correlation of two images after warping the second one.

    Both images are given as detail and local standard deviation, see `normalised_detail`.
    """
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    # Outside the image the deviation is 0, as in flat regions.
    moved, deviation = (
        cv2.warpAffine(array, warp, (REGISTRATION_SIDE, REGISTRATION_SIDE), flags=flags) for array in moving
    )
    textured = (fixed[1] > NOISE_FLOOR / 2) & (_DISC == 1)
    both = (textured & (deviation > NOISE_FLOOR / 2)).astype(np.uint8)
    # At the rim of the overlap, neighbourhoods contain pixels that only one image has.
    both = cv2.erode(both, np.ones((5, 5), np.uint8), borderValue=0) > 0
    if both.sum() < _MIN_OVERLAP * textured.sum() or not both.any():
        return 0.0
    a, b = np.where(both, fixed[0], 0), np.where(both, moved, 0)
    return float(np.median((_mean(a * b) / np.sqrt(_mean(a * a) * _mean(b * b) + 1e-9))[both]))


def _mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the local mean around each pixel."""
    return np.asarray(cv2.blur(values, (_AROUND, _AROUND), borderType=cv2.BORDER_CONSTANT), np.float32)


def _rotation(angle: float) -> NDArray[np.float32]:
    """Return the (2, 3) affine matrix of a rotation about the centre of the square."""
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.array([[cos, -sin], [sin, cos]])
    centre = np.full(2, (REGISTRATION_SIDE - 1) / 2)
    return np.column_stack([matrix, centre - matrix @ centre]).astype(np.float32)


def _normalise(fingerprints: NDArray[np.int8]) -> NDArray[np.float32]:
    """Scale each fingerprint to unit length."""
    rings = fingerprints.astype(np.float32)
    return np.asarray(rings / np.maximum(np.linalg.norm(rings, axis=(1, 2), keepdims=True), 1e-6), np.float32)
