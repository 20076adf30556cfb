"""Constructors for long bones, short bones and sleeves of soft tissue from a few points each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fracture_core.phantom.bone import PROFILE_STEPS, Bone

#: Support points of a curve: (position, value).
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Person:
    """Individual scale factors.

    Attributes:
        stout: scale of bone widths.
        wall: scale of cortical thickness.
        spongy: scale of spongy bone density.
        flesh: scale of soft tissue widths.
    """

    stout: float
    wall: float
    spongy: float
    flesh: float


def _curve(points: Points, low: float, high: float, smooth: float) -> NDArray[np.float64]:
    """Interpolate points to (STEPS,) samples from low to high, smoothed over `smooth` samples."""
    at, values = np.array(points, dtype=float).T
    samples = np.interp(np.linspace(low, high, PROFILE_STEPS), at, values)
    if smooth <= 0:
        return np.asarray(samples)
    reach = int(3 * smooth)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / smooth) ** 2)
    return np.asarray(np.convolve(np.pad(samples, reach, mode="edge"), taps / taps.sum(), mode="valid"))


def round_end_profile(height: float, lean: float = 0.0) -> Points:
    """Return an end surface shaped like a half ellipse.

    Args:
        height: height in mm.
        lean: slope of the surface in mm per half-width.
    """
    across = np.linspace(-1.0, 1.0, 21)
    return [(w, -height * (1.0 - (1.0 - min(abs(w), 1.0) ** 2) ** 0.5) + lean * w) for w in across]


def mirror_end(points: Points) -> Points:
    """Return an end surface for the proximal end, where outwards is −u."""
    return [(w, -value) for w, value in points]


def make_bone(
    name: str,
    start: tuple[float, float],
    end: tuple[float, float],
    width: Sequence[tuple[float, float, float]],
    wall: Points,
    spongy: Points,
    *,
    person: Person,
    head: Points = ((-1, 0), (1, 0)),
    tail: Points = ((-1, 0), (1, 0)),
    depth: float = 1.0,
    smooth: float = 4.0,
    **more: object,
) -> Bone:
    """Make a bone from a few support points.

    Args:
        name: unique name within the limb.
        start: proximal end of the axis in mm.
        end: distal end of the axis in mm.
        width: (share of the length, half-width to the left, half-width to the right) in mm.
        wall: cortical thickness in mm at shares of the length.
        spongy: density of spongy bone, 0–1, at shares of the length.
        person: individual scale factors.
        head: proximal surface: offset in mm at positions −1…1 across.
        tail: distal surface, likewise.
        depth: ratio of the thickness along the ray to the width.
        smooth: smoothing of the profiles in samples.
        **more: other attributes of `Bone`.

    Returns:
        The bone.
    """
    left = _curve([(u, a) for u, a, _ in width], 0.0, 1.0, smooth) * person.stout
    right = _curve([(u, b) for u, _, b in width], 0.0, 1.0, smooth) * person.stout
    return Bone(
        name=name,
        start=np.array(start, dtype=float),
        end=np.array(end, dtype=float),
        left=left,
        right=right,
        depth=depth,
        cortex=np.minimum(_curve(wall, 0.0, 1.0, smooth) * person.wall, 0.45 * (left + right)),
        spongy=_curve(spongy, 0.0, 1.0, smooth) * person.spongy,
        head=_curve(head, -1.0, 1.0, 3.0),
        tail=_curve(tail, -1.0, 1.0, 3.0),
        **more,  # type: ignore[arg-type]
    )


def make_sleeve(
    name: str,
    start: tuple[float, float],
    end: tuple[float, float],
    width: Sequence[tuple[float, float, float]],
    *,
    person: Person,
    depth: float,
    fat: float,
    tip: float = 0.0,
    root: float = 0.0,
) -> Bone:
    """Make a sleeve of soft tissue.

    Args:
        name: unique name within the limb.
        start: proximal end of the axis in mm.
        end: distal end of the axis in mm.
        width: (share of the length, half-width to the left, half-width to the right) in mm.
        person: individual scale factors.
        depth: ratio of the thickness along the ray to the width.
        fat: thickness of skin and fat in mm.
        tip: height of the rounded distal end in mm.
        root: height of the rounded proximal end in mm.

    Returns:
        The sleeve.
    """
    return make_bone(
        name,
        start,
        end,
        width,
        [(0, fat)],
        [(0, 1)],
        person=_as_flesh(person),
        tail=round_end_profile(tip),
        head=mirror_end(round_end_profile(root)),
        depth=depth,
        plate=fat,
        cap=12.0,
        smooth=6.0,
    )


def _as_flesh(person: Person) -> Person:
    """Return scale factors that scale the width of soft tissue and leave walls and inside unchanged."""
    return replace(person, stout=person.flesh, wall=1.0, spongy=1.0)


def make_pebble(
    name: str,
    start: tuple[float, float],
    end: tuple[float, float],
    first: float,
    last: float,
    *,
    person: Person,
    rng: np.random.Generator,
    depth: float = 1.0,
    round_by: float = 0.42,
    waist: float = 0.0,
) -> Bone:
    """Make a short bone of the wrist or foot: rounded at both ends, spongy under a thin wall.

    Args:
        name: unique name within the limb.
        start: proximal end of the axis in mm.
        end: distal end of the axis in mm.
        first: proximal half-width in mm.
        last: distal half-width in mm.
        person: individual scale factors.
        rng: random generator for small individual differences.
        depth: ratio of the thickness along the ray to the width.
        round_by: height of the rounded ends as a share of the length.
        waist: narrowing of the middle as a share of the width.

    Returns:
        The bone.
    """
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    lean, other = rng.uniform(-0.9, 0.9, 2)
    first, last = 1.05 * first, 1.05 * last
    middle = 0.5 * (first + last) * (1.06 - waist)
    shift = rng.uniform(-0.05, 0.05, 4)
    return make_bone(
        name,
        (start[0] + 4 * shift[0], start[1] + 4 * shift[1]),
        (end[0] + 4 * shift[2], end[1] + 4 * shift[3]),
        [(0, first, first), (0.5, middle, middle), (1, last, last)],
        [(0, 0.9)],
        [(0, 0.27)],
        person=person,
        head=mirror_end(round_end_profile(round_by * length, lean)),
        tail=round_end_profile(round_by * length, other),
        depth=depth,
        cap=max(0.3 * length, 2.0),
        plate=0.9,
        smooth=12.0,
    )
