"""From ray lengths to a film: Beer–Lambert, scatter, detector, noise, display curve, collimation, marker."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

#: Linear attenuation in 1/mm at 40 keV, a usual mean energy of a 55 kVp beam: mass attenuation from NIST
#: (Hubbell and Seltzer, NISTIR 5632, table 4; ICRU-44 materials) times density.
MUSCLE = 0.02688 * 1.06
FAT = 0.02396 * 0.95
COMPACT_BONE = 0.06655 * 1.92

#: Largest stored value: films are kept with 12 bits, as DX detectors do.
MAX_VALUE = 4095


@dataclass(frozen=True)
class Technique:
    """How one film was taken and shown. Drawn without regard to whether there is a fracture.

    Attributes:
        quanta: mean quanta a pixel receives through air; sets the noise.
        scatter: scattered over primary radiation.
        blur: sigma in mm of focal spot and detector.
        toe: share of the range of attenuation which is shown black.
        shoulder: share of the range which is shown white.
        gamma: exponent of the display curve.
        edge: strength of the edge enhancement.
        balance: how much the local mean is evened out, 0–1, so that thin and thick parts are seen at once.
        black: level of the darkest tone, 0–1.
        field: the collimated field: top, left, bottom, right as shares of the film.
        turn: radians by which the field is turned.
        marker: "L", "R" or "" for none.
        corner: column and row, as shares of the film, of the marker.
        lean: radians by which the marker is turned.
        letter: height of the marker as a share of the film's height.
    """

    quanta: float
    scatter: float
    blur: float
    toe: float
    shoulder: float
    gamma: float
    edge: float
    balance: float
    black: float
    field: tuple[float, float, float, float]
    turn: float
    marker: str
    corner: tuple[float, float]
    lean: float
    letter: float


@dataclass(frozen=True)
class Exposure:
    """What thick parts of the body need and thin ones do not; factors on what `Technique` draws.

    Attributes:
        quanta: on the quanta: automatic exposure stays on for longer.
        scatter: on the scatter: a grid holds it back.
        toe: on the share of the range that is shown black: there is no air beside the bones.
    """

    quanta: float
    scatter: float
    toe: float


#: Without a grid, for hands and lower legs; and with one, for hips.
THIN, THICK = Exposure(1.0, 1.0, 1.0), Exposure(10.0, 0.25, 1.7)


def draw_technique(rng: np.random.Generator, side: str, exposure: Exposure = THIN) -> Technique:
    """Draw how a film is taken.

    Args:
        rng: where the choices come from.
        side: "L" or "R".
        exposure: of this part of the body.
    """
    quanta = float(np.exp(rng.uniform(np.log(2500.0), np.log(12000.0))))
    scatter, blur, toe, shoulder, gamma, edge, balance, black = (
        float(value)
        for value in rng.uniform(
            (0.08, 0.14, 0.1, 0.95, 0.8, 0.15, 0.05, 0.0), (0.3, 0.3, 0.48, 1.15, 1.2, 0.75, 0.35, 0.035)
        )
    )
    margins = rng.uniform(0.0, 0.075, 4) * (rng.random(4) < 0.6)
    turn = float(rng.uniform(-0.025, 0.025)) if rng.random() < 0.5 else 0.0
    marker = side if rng.random() < 0.85 else ""
    corner = (
        float(rng.uniform(0.1, 0.15) if rng.random() < 0.5 else rng.uniform(0.85, 0.9)),
        float(rng.uniform(0.1, 0.16) if rng.random() < 0.5 else rng.uniform(0.84, 0.9)),
    )
    lean = float(rng.uniform(-0.25, 0.25))
    letter = float(rng.uniform(0.045, 0.065))
    field = (float(margins[0]), float(margins[1]), 1.0 - float(margins[2]), 1.0 - float(margins[3]))
    return Technique(
        quanta * exposure.quanta,
        scatter * exposure.scatter,
        blur,
        toe * exposure.toe,
        shoulder,
        gamma,
        edge,
        balance,
        black,
        field,
        turn,
        marker,
        corner,
        lean,
        letter,
    )


def _weights(at: np.ndarray, of: np.ndarray, sigma: float) -> np.ndarray:
    """(len(at), len(of)) Gaussian weights between positions in pixels; every row sums to 1."""
    weights = np.exp(-0.5 * ((at[:, None] - of[None, :]) / sigma) ** 2)
    return weights / weights.sum(axis=1, keepdims=True)


def upsample_smoothly(cells: np.ndarray, size: tuple[int, int], sigma: float) -> np.ndarray:
    """A coarse grid of values, whose corners lie in the corners of the film, as a smooth (H, W) field.

    Args:
        cells: (R, C) values.
        size: rows and columns of the field.
        sigma: of the Gaussian between the cells, in cells.
    """
    tall, wide = (
        _weights(np.linspace(0.0, count - 1.0, length), np.arange(float(count)), sigma)
        for count, length in zip(cells.shape, size, strict=True)
    )
    return tall @ cells @ wide.T


def gaussian_blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian blur of an (H, W) image by sigma pixels, in plain arithmetic so that machines agree.

    A wide blur goes through a grid of nodes, each half of the variance on the way there and back.
    """
    if sigma < 0.2:
        return image
    if sigma > 10.0:
        part = sigma / np.sqrt(2.0)
        nodes = [np.linspace(0.0, length - 1.0, int(2.5 * length / sigma) + 4) for length in image.shape]
        down = [_weights(node, np.arange(float(n)), part) for node, n in zip(nodes, image.shape, strict=True)]
        up = [_weights(np.arange(float(n)), node, part) for node, n in zip(nodes, image.shape, strict=True)]
        return up[0] @ (down[0] @ image @ down[1].T) @ up[1].T
    if sigma > 2.5:
        tall, wide = (_weights(np.arange(float(n)), np.arange(float(n)), sigma) for n in image.shape)
        return tall @ image @ wide.T
    reach = int(np.ceil(3.5 * sigma))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    taps /= taps.sum()
    height, width = image.shape
    wide = np.pad(image, ((reach, reach), (0, 0)), mode="edge")
    total = taps[0] * wide[:height]
    for i in range(1, taps.size):
        total += taps[i] * wide[i : i + height]
    wide = np.pad(total, ((0, 0), (reach, reach)), mode="edge")
    total = taps[0] * wide[:, :width]
    for i in range(1, taps.size):
        total += taps[i] * wide[:, i : i + width]
    return total


def attenuation(compact: np.ndarray, spongy: np.ndarray, muscle: np.ndarray, fat: np.ndarray) -> np.ndarray:
    """Line integral of the attenuation, without unit, from (H, W) maps in mm.

    `muscle` and `fat` are lengths as if there were no bone; bone takes the place of muscle.
    """
    bone = compact + spongy
    return MUSCLE * np.maximum(muscle - bone, 0.0) + FAT * fat + COMPACT_BONE * bone


def collimator_mask(size: tuple[int, int], how: Technique) -> np.ndarray:
    """(H, W) in 0–1: where the field of the collimator lies, with a penumbra of about two pixels."""
    height, width = size
    row = (np.arange(height)[:, None] + 0.5) / height
    column = (np.arange(width)[None, :] + 0.5) / width
    tall = height / width
    x = 0.5 + np.cos(how.turn) * (column - 0.5) + np.sin(how.turn) * (row - 0.5) * tall
    y = 0.5 - np.sin(how.turn) * (column - 0.5) / tall + np.cos(how.turn) * (row - 0.5)
    top, left, bottom, right = how.field
    # A border that is not collimated must not show a wedge when the field is turned.
    top, left = (edge if edge > 0 else -1.0 for edge in (top, left))
    bottom, right = (edge if edge < 1 else 2.0 for edge in (bottom, right))
    inside = np.minimum(np.minimum(x - left, right - x) * width, np.minimum(y - top, bottom - y) * height)
    return np.clip(inside / 2.0 + 0.5, 0.0, 1.0)


#: Strokes of the two letters in a box from (0, 0) to (0.62, 1), x to the right and y down.
_BOW = [(0.35 + 0.24 * np.sin(a), 0.26 - 0.24 * np.cos(a)) for a in np.linspace(0.0, np.pi, 7)]
_LETTERS = {
    "L": [[(0.04, 0.0), (0.04, 0.98), (0.58, 0.98)]],
    "R": [[(0.04, 1.0), (0.04, 0.02), *_BOW, (0.04, 0.5)], [(0.3, 0.5), (0.58, 1.0)]],
}


def marker_mask(size: tuple[int, int], how: Technique) -> np.ndarray:
    """(H, W) in 0–1: the metal letter that tells left from right."""
    height, width = size
    tall = how.letter * height
    x = np.arange(width)[None, :] + 0.5 - how.corner[0] * width
    y = np.arange(height)[:, None] + 0.5 - how.corner[1] * height
    cos, sin = np.cos(how.lean), np.sin(how.lean)
    across, down = (cos * x + sin * y) / tall + 0.3, (cos * y - sin * x) / tall + 0.5
    nearest = np.full(size, np.inf)
    for stroke in _LETTERS.get(how.marker, []):
        for (x0, y0), (x1, y1) in pairwise(stroke):
            dx, dy = x1 - x0, y1 - y0
            share = np.clip(((across - x0) * dx + (down - y0) * dy) / (dx * dx + dy * dy), 0.0, 1.0)
            away = (across - x0 - share * dx) ** 2 + (down - y0 - share * dy) ** 2
            nearest = np.minimum(nearest, away)
    return np.clip((0.092 - np.sqrt(nearest)) * tall + 0.5, 0.0, 1.0)


def display_range(intact: np.ndarray, inside: np.ndarray) -> tuple[float, float]:
    """Between which attenuations the display curve runs, from the limb without a fracture.

    The intact limb decides, so that a broken one is shown with exactly the same curve.

    Args:
        intact: (H, W) attenuation of the intact limb.
        inside: (H, W) the collimated field.
    """
    seen = intact[(inside > 0.5) & (intact > 0.02)]
    if seen.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(seen, (30.0, 99.2))
    return float(low), float(high)


def expose_film(
    depth: np.ndarray,
    inside: np.ndarray,
    limits: tuple[float, float],
    how: Technique,
    spacing: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Expose and show a film.

    Args:
        depth: (H, W) attenuation along each ray.
        inside: (H, W) from `collimator_mask`.
        limits: from `display_range`.
        how: the technique.
        spacing: mm per pixel.
        rng: the noise.

    Returns:
        (H, W) uint16, 0–4095, bone bright on dark.
    """
    height, width = depth.shape
    letter = marker_mask(depth.shape, how)
    primary = np.exp(-(depth + 6.0 * letter))
    primary = gaussian_blur(primary, how.blur / spacing)
    scattered = gaussian_blur(np.exp(-depth) * inside, 22.0 / spacing)
    energy = primary + how.scatter * scattered
    # The quanta a pixel receives grow with its area; `quanta` is meant for 0.5 mm.
    quanta = how.quanta * min(max((spacing / 0.5) ** 2, 0.25), 4.0)
    noise = rng.standard_normal((height, width))
    energy = energy + np.sqrt(energy / quanta) * noise
    # Subtracting a constant share of the mean scatter is what makes log signals comparable again.
    signal = -np.log(np.maximum(energy / (1.0 + how.scatter * 0.5), 1e-4))
    signal = signal + how.edge * (signal - gaussian_blur(signal, 1.6 / spacing)) * 0.6
    low, high = limits
    around = gaussian_blur(np.minimum(signal, high), 18.0 / spacing)
    signal = signal - how.balance * (around - 0.35 * high)
    start = low * how.toe
    share = np.clip((signal - start) / ((high - start) * how.shoulder), 0.0, None)
    # A straight line with a soft shoulder: white is approached, not hit.
    share = np.where(share > 0.8, 0.8 + 0.2 * np.tanh((share - 0.8) / 0.2), share)
    tone = how.black + (1.0 - how.black) * np.clip(share, 0.0, 1.0) ** how.gamma
    tone = np.maximum(tone, 0.97 * letter) * inside
    return np.floor(np.clip(tone, 0.0, 1.0) * MAX_VALUE + 0.5).astype(np.uint16)
