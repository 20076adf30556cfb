"""What limbs are made of: long bones, short bones and sleeves of flesh, from a few points each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fracture_core.phantom.bone import PROFILE_STEPS, Bone

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Person:
    """What differs from person to person: width of bones, their walls, their spongy bone, their flesh."""

    stout: float
    wall: float
    spongy: float
    flesh: float


def _curve(points: Points, low: float, high: float, smooth: float) -> np.ndarray:
    """Points (position, value) as (STEPS,) samples from low to high, rounded off over `smooth` samples."""
    at, values = np.array(points, dtype=float).T
    samples = np.interp(np.linspace(low, high, PROFILE_STEPS), at, values)
    if smooth <= 0:
        return samples
    reach = int(3 * smooth)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / smooth) ** 2)
    return np.convolve(np.pad(samples, reach, mode="edge"), taps / taps.sum(), mode="valid")


def round_end_profile(height: float, lean: float = 0.0) -> Points:
    """An end surface that falls away to both sides like a half ellipse of this height in mm."""
    across = np.linspace(-1.0, 1.0, 21)
    return [(w, -height * (1.0 - (1.0 - min(abs(w), 1.0) ** 2) ** 0.5) + lean * w) for w in across]


def mirror_end(points: Points) -> Points:
    """The same surface for the proximal end, where outwards is −u."""
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
    """A bone from a few points, given at shares of its length; width is (share, left, right) in mm."""
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
    """A sleeve of soft tissue; `tip` and `root` are the heights of its rounded ends in mm."""
    same = _as_flesh(person)
    return make_bone(
        name,
        start,
        end,
        width,
        [(0, fat)],
        [(0, 1)],
        person=same,
        tail=round_end_profile(tip),
        head=mirror_end(round_end_profile(root)),
        depth=depth,
        plate=fat,
        cap=12.0,
        smooth=6.0,
    )


def _as_flesh(person: Person) -> Person:
    """The person's flesh as if it were bone: wider or narrower as a whole, walls and inside unchanged."""
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
    """A short bone of the wrist or foot: rounded at both ends, spongy throughout under a thin wall."""
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
