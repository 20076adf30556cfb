"""Image formation: Beer–Lambert attenuation, scatter, detector noise, display curve, collimation, marker."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

#: Linear attenuation in 1/mm at 40 keV, a typical mean energy of a 55 kVp beam: mass attenuation (Hubbell and
#: Seltzer, NISTIR 5632, table 4; ICRU-44 materials) times density.
MUSCLE = 0.02688 * 1.06
FAT = 0.02396 * 0.95
COMPACT_BONE = 0.06655 * 1.92

#: Largest stored value. Images have 12 bits, as from DX detectors.
MAX_VALUE = 4095


@dataclass(frozen=True)
class Technique:
    """Exposure and display parameters of one image. They are drawn independently of the fracture.

    Attributes:
        quanta: mean number of quanta per pixel through air; determines the noise.
        scatter: ratio of scattered to primary radiation.
        blur: sigma of focal spot and detector in mm.
        toe: share of the attenuation range that is shown black.
        shoulder: share of the attenuation range up to which the display curve runs; white lies there.
        gamma: exponent of the display curve.
        edge: strength of the edge enhancement.
        balance: strength of the local mean equalisation, 0–1.
        black: grey level of the darkest tone, 0–1.
        field: collimated field: top, left, bottom, right as shares of the image.
        turn: rotation of the field in radians.
        marker: "L", "R" or "" for none.
        corner: column and row of the marker as shares of the image.
        lean: rotation of the marker in radians.
        letter: height of the marker as a share of the image height.
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
    """Factors on the drawn `Technique` for thick body parts.

    Attributes:
        quanta: factor on the quanta; automatic exposure control exposes longer.
        scatter: factor on the scatter; a grid reduces it.
        toe: factor on the share of the range that is shown black, because there is no air next to the bones.
    """

    quanta: float
    scatter: float
    toe: float


#: Exposure without a grid (hand, forearm, leg) and with a grid (hip).
THIN, THICK = Exposure(1.0, 1.0, 1.0), Exposure(10.0, 0.25, 1.7)


def draw_technique(rng: np.random.Generator, side: str, exposure: Exposure = THIN) -> Technique:
    """Draw the technique of one image.

    Args:
        rng: random generator.
        side: "L" or "R".
        exposure: factors of the body part.

    Returns:
        The technique.
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


def _weights(at: NDArray[np.float64], of: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Return Gaussian weights (len(at), len(of)) between positions in pixels; each row sums to 1."""
    weights = np.exp(-0.5 * ((at[:, None] - of[None, :]) / sigma) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def upsample_smoothly(cells: NDArray[np.float64], size: tuple[int, int], sigma: float) -> NDArray[np.float64]:
    """Interpolate a coarse grid to a smooth field. The corners of both coincide.

    Args:
        cells: (R, C) values.
        size: rows and columns of the field.
        sigma: sigma of the Gaussian in cells.

    Returns:
        float64, of the given size.
    """
    tall, wide = (
        _weights(np.linspace(0.0, count - 1.0, length), np.arange(float(count)), sigma)
        for count, length in zip(cells.shape, size, strict=True)
    )
    return np.asarray(tall @ cells @ wide.T)


def gaussian_blur(image: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Blur an image with a Gaussian, in plain arithmetic so that results are the same on every machine.

    A wide blur uses a coarse grid of nodes; half of the variance is applied on the way to and from the grid.

    Args:
        image: (H, W).
        sigma: sigma in pixels.

    Returns:
        float64 (H, W).
    """
    if sigma < 0.2:
        return image
    if sigma > 10.0:
        part = sigma / np.sqrt(2.0)
        nodes = [np.linspace(0.0, length - 1.0, int(2.5 * length / sigma) + 4) for length in image.shape]
        down = [_weights(node, np.arange(float(n)), part) for node, n in zip(nodes, image.shape, strict=True)]
        up = [_weights(np.arange(float(n)), node, part) for node, n in zip(nodes, image.shape, strict=True)]
        return np.asarray(up[0] @ (down[0] @ image @ down[1].T) @ up[1].T)
    if sigma > 2.5:
        tall, wide = (_weights(np.arange(float(n)), np.arange(float(n)), sigma) for n in image.shape)
        return np.asarray(tall @ image @ wide.T)
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
    return np.asarray(total)


def attenuation(
    compact: NDArray[np.float64],
    spongy: NDArray[np.float64],
    muscle: NDArray[np.float64],
    fat: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Compute the line integral of the attenuation (no unit).

    Args:
        compact: (H, W) mm of compact bone.
        spongy: (H, W) mm of spongy bone.
        muscle: (H, W) mm of muscle as if there were no bone; bone displaces muscle.
        fat: (H, W) mm of fat.

    Returns:
        float64 (H, W).
    """
    bone = compact + spongy
    return np.asarray(MUSCLE * np.maximum(muscle - bone, 0.0) + FAT * fat + COMPACT_BONE * bone)


def collimator_mask(size: tuple[int, int], technique: Technique) -> NDArray[np.float64]:
    """Return the collimated field, (H, W) in 0–1, with a penumbra of about two pixels."""
    height, width = size
    row = (np.arange(height)[:, None] + 0.5) / height
    column = (np.arange(width)[None, :] + 0.5) / width
    tall = height / width
    x = 0.5 + np.cos(technique.turn) * (column - 0.5) + np.sin(technique.turn) * (row - 0.5) * tall
    y = 0.5 - np.sin(technique.turn) * (column - 0.5) / tall + np.cos(technique.turn) * (row - 0.5)
    top, left, bottom, right = technique.field
    # An uncollimated border must not show a wedge if the field is rotated.
    top, left = (edge if edge > 0 else -1.0 for edge in (top, left))
    bottom, right = (edge if edge < 1 else 2.0 for edge in (bottom, right))
    inside = np.minimum(np.minimum(x - left, right - x) * width, np.minimum(y - top, bottom - y) * height)
    return np.asarray(np.clip(inside / 2.0 + 0.5, 0.0, 1.0))


# Strokes of the two letters in a box from (0, 0) to (0.62, 1); x points right and y down.
_BOW = [(0.35 + 0.24 * np.sin(a), 0.26 - 0.24 * np.cos(a)) for a in np.linspace(0.0, np.pi, 7)]
_LETTERS = {
    "L": [[(0.04, 0.0), (0.04, 0.98), (0.58, 0.98)]],
    "R": [[(0.04, 1.0), (0.04, 0.02), *_BOW, (0.04, 0.5)], [(0.3, 0.5), (0.58, 1.0)]],
}


def marker_mask(size: tuple[int, int], technique: Technique) -> NDArray[np.float64]:
    """Return the metal side marker, (H, W) in 0–1."""
    height, width = size
    tall = technique.letter * height
    x = np.arange(width)[None, :] + 0.5 - technique.corner[0] * width
    y = np.arange(height)[:, None] + 0.5 - technique.corner[1] * height
    cos, sin = np.cos(technique.lean), np.sin(technique.lean)
    across, down = (cos * x + sin * y) / tall + 0.3, (cos * y - sin * x) / tall + 0.5
    nearest = np.full(size, np.inf)
    for stroke in _LETTERS.get(technique.marker, []):
        for (x0, y0), (x1, y1) in pairwise(stroke):
            dx, dy = x1 - x0, y1 - y0
            share = np.clip(((across - x0) * dx + (down - y0) * dy) / (dx * dx + dy * dy), 0.0, 1.0)
            squared = (across - x0 - share * dx) ** 2 + (down - y0 - share * dy) ** 2
            nearest = np.minimum(nearest, squared)
    return np.asarray(np.clip((0.092 - np.sqrt(nearest)) * tall + 0.5, 0.0, 1.0))


def display_range(intact: NDArray[np.float64], inside: NDArray[np.float64]) -> tuple[float, float]:
    """Return the range of attenuation that is displayed.

    The range is that of the limb without a fracture, so that the display curve does not depend on the label.

    Args:
        intact: (H, W) attenuation of the intact limb.
        inside: (H, W) collimated field, 0–1.

    Returns:
        Lower and upper attenuation.
    """
    exposed = intact[(inside > 0.5) & (intact > 0.02)]
    if exposed.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(exposed, (30.0, 99.2))
    return float(low), float(high)


def expose_film(
    depth: NDArray[np.float64],
    inside: NDArray[np.float64],
    limits: tuple[float, float],
    technique: Technique,
    spacing: float,
    rng: np.random.Generator,
) -> NDArray[np.uint16]:
    """Compute the image from the attenuation.

    Args:
        depth: (H, W) attenuation along each ray.
        inside: (H, W) collimated field from `collimator_mask`.
        limits: displayed range from `display_range`.
        technique: the technique.
        spacing: mm per pixel.
        rng: random generator of the noise.

    Returns:
        uint16 (H, W), 0–4095; bone is bright.
    """
    height, width = depth.shape
    letter = marker_mask(depth.shape, technique)
    primary = np.exp(-(depth + 6.0 * letter))
    primary = gaussian_blur(primary, technique.blur / spacing)
    scattered = gaussian_blur(np.exp(-depth) * inside, 22.0 / spacing)
    energy = primary + technique.scatter * scattered
    # The number of quanta grows with the pixel area; `quanta` refers to 0.5 mm.
    quanta = technique.quanta * min(max((spacing / 0.5) ** 2, 0.25), 4.0)
    noise = rng.standard_normal((height, width))
    energy = energy + np.sqrt(energy / quanta) * noise
    # A constant share of the mean scatter is removed, so that log signals are comparable.
    signal = -np.log(np.maximum(energy / (1.0 + technique.scatter * 0.5), 1e-4))
    signal = signal + technique.edge * (signal - gaussian_blur(signal, 1.6 / spacing)) * 0.6
    low, high = limits
    around = gaussian_blur(np.minimum(signal, high), 18.0 / spacing)
    signal = signal - technique.balance * (around - 0.35 * high)
    start = low * technique.toe
    share = np.clip((signal - start) / ((high - start) * technique.shoulder), 0.0, None)
    # Linear with a soft shoulder, so that white is approached gradually.
    share = np.where(share > 0.8, 0.8 + 0.2 * np.tanh((share - 0.8) / 0.2), share)
    tone = technique.black + (1.0 - technique.black) * np.clip(share, 0.0, 1.0) ** technique.gamma
    tone = np.maximum(tone, 0.97 * letter) * inside
    return np.floor(np.clip(tone, 0.0, 1.0) * MAX_VALUE + 0.5).astype(np.uint16)
