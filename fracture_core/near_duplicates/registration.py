"""Whether two pictures are one: fingerprints at every turn, and the pixels themselves where that leaves doubt."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.fft import irfft, rfft

from fracture_core.near_duplicates.detail import FLOOR, normalised_detail
from fracture_core.near_duplicates.fingerprint import ANGLES

#: Correlation of fingerprints from which two pictures are one without a look at their pixels, and below
#: which they are two. Copies of FracAtlas and of two sets of turned copies lie above 0.76, nearly all above
#: 0.85; different films of one kind reach 0.84.
SURE_CORRELATION, DOUBTFUL_CORRELATION = 0.93, 0.75

#: Agreement of the registered pictures from which they are one. Of the pairs of FracAtlas that leave doubt, those
#: that are one have 0.92 and more, and those that are not (two feet of one size) 0.87 and less.
SAME_AGREEMENT = 0.9

#: Share of the first picture's detail that the registered second one must cover.
_COVERED = 0.5

#: Side of the squares that are registered, in pixels, and the sigmas for `normalised_detail` at that side.
REGISTRATION_SIDE = 128
_SIGMAS = (0.7, 2.7, 4.0)

_ROWS, _COLUMNS = np.mgrid[:REGISTRATION_SIDE, :REGISTRATION_SIDE]
_DISC = (
    np.hypot(_ROWS - (REGISTRATION_SIDE - 1) / 2, _COLUMNS - (REGISTRATION_SIDE - 1) / 2)
    < REGISTRATION_SIDE / 2 - 2
).astype(np.uint8)
# Side of the neighbourhoods whose correlations are looked at, in pixels of that square.
_AROUND = 17

# Copies have settled long before; films that are not one never do.
_ECC_CRITERIA = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 15, 1e-3)


@dataclass(frozen=True)
class Pose:
    """How one fingerprint lies best on another.

    Attributes:
        correlation: 0–1, of the absolute value: a negative of a film is the same film.
        turn: radians by which the second picture is turned.
        mirrored: whether it is mirrored as well.
        negative: whether black and white are exchanged.
    """

    correlation: float
    turn: float
    mirrored: bool
    negative: bool


def best_poses(prints: np.ndarray, left: np.ndarray, right: np.ndarray) -> list[Pose]:
    """Lays fingerprints over each other at every turn, straight and mirrored.

    Args:
        prints: int8 (n, RADII, ANGLES).
        left: int (m,), the first of each pair.
        right: int (m,), the second.

    Returns:
        The best pose of each pair; correlation 0 where one has no detail.
    """
    rows, place = np.unique(np.concatenate([left, right]), return_inverse=True)
    waves = rfft(_normalise(prints[rows]))
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


def pixel_agreement(first: np.ndarray, second: np.ndarray, pose: Pose) -> float:
    """How well two pictures agree pixel by pixel once the second is laid over the first.

    The pose is refined to an affine map, which undoes a crop or a tilt before squeezing as well, by maximising
    the correlation (ECC, Evangelidis and Psarakis 2008, in OpenCV). Two hands in one position agree in parts;
    copies agree nearly everywhere, save where one was cut off or written upon. So what counts is the median
    of the correlations around each place. Places where either picture is flat (collimated, cut off, never decoded)
    do not count.

    Args:
        first: float32 (SIDE, SIDE), 0–1.
        second: likewise.
        pose: about how the second lies on the first.

    Returns:
        Median of the local correlations of the detail, −1…1; 0 where they share too little.
    """
    moving = np.ascontiguousarray(second[::-1]) if pose.mirrored else second
    moving = 1 - moving if pose.negative else moving
    warp = _rotation(-pose.turn if pose.mirrored else pose.turn)
    fixed, still = normalised_detail(first, *_SIGMAS), normalised_detail(moving, *_SIGMAS)
    first_pose = _correlation(fixed, still, warp)
    if first_pose >= SAME_AGREEMENT:
        return first_pose
    try:
        refined = cv2.findTransformECC(
            fixed[0], still[0], warp.copy(), cv2.MOTION_AFFINE, _ECC_CRITERIA, _DISC, 5
        )[1]
    except cv2.error:
        # It gives up where the pictures have nothing in common; the first pose stands.
        return first_pose
    return max(first_pose, _correlation(fixed, still, refined))


def _correlation(
    fixed: tuple[np.ndarray, np.ndarray], still: tuple[np.ndarray, np.ndarray], warp: np.ndarray
) -> float:
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    # Outside of the picture the spread is 0, as in a part of it that is flat.
    moved, spread = (
        cv2.warpAffine(each, warp, (REGISTRATION_SIDE, REGISTRATION_SIDE), flags=how) for each in still
    )
    textured = (fixed[1] > FLOOR / 2) & (_DISC == 1)
    both = (textured & (spread > FLOOR / 2)).astype(np.uint8)
    # The rim of what is compared has neighbours on one picture that the other lacks.
    both = cv2.erode(both, np.ones((5, 5), np.uint8), borderValue=0) > 0
    if both.sum() < _COVERED * textured.sum() or not both.any():
        return 0.0
    a, b = np.where(both, fixed[0], 0), np.where(both, moved, 0)
    return float(np.median((_mean(a * b) / np.sqrt(_mean(a * a) * _mean(b * b) + 1e-9))[both]))


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean around each place."""
    return cv2.blur(values, (_AROUND, _AROUND), borderType=cv2.BORDER_CONSTANT)


def _rotation(angle: float) -> np.ndarray:
    """(2, 3) turn about the centre of the square."""
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.array([[cos, -sin], [sin, cos]])
    centre = np.full(2, (REGISTRATION_SIDE - 1) / 2)
    return np.column_stack([matrix, centre - matrix @ centre]).astype(np.float32)


def _normalise(prints: np.ndarray) -> np.ndarray:
    rings = prints.astype(np.float32)
    return rings / np.maximum(np.linalg.norm(rings, axis=(1, 2), keepdims=True), 1e-6)
