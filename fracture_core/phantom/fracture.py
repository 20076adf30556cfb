"""Fracture simulation: fracture surfaces, displaced fragments and the annotated fracture zone."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fracture_core.phantom.anatomy import Limb
from fracture_core.phantom.bone import PROFILE_STEPS, Bone, BonePiece, FractureSurface
from fracture_core.phantom.difficulty import Difficulty
from fracture_core.phantom.view import Motion, View

#: Types of fracture that can be drawn.
FRACTURE_KINDS = ("transverse", "oblique", "spiral", "comminuted", "buckle")

# Probability of each type if none is requested.
_CHANCE = (0.28, 0.3, 0.16, 0.18, 0.08)

# Maximum displacement in mm of the far end of an angulated fragment, with and without bones attached to it.
_SWING, _SWING_ALONE = 8.0, 4.0


@dataclass(frozen=True)
class FractureRequest:
    """Requested fracture. Properties that are None are drawn at random.

    Attributes:
        kind: one of `FRACTURE_KINDS`.
        bone: name of the bone, such as "tibia" or "metacarpal 5".
        place: position along the bone, 0 (proximal) to 1 (distal).
        gap: distance of the fragments along the axis in mm; negative if impacted.
        displacement: sideways displacement of the distal fragment in mm.
        angulation: rotation of the distal fragment in degrees.
    """

    kind: str | None = None
    bone: str | None = None
    place: float | None = None
    gap: float | None = None
    displacement: float | None = None
    angulation: float | None = None


@dataclass(frozen=True)
class FracturePlan:
    """A fracture computed for one limb.

    Attributes:
        kind: one of `FRACTURE_KINDS`.
        bone: name of the fractured bone.
        solid: names of the bones of the same solid, including the fractured one.
        pieces: the pieces that replace these bones.
        followers: names of the bones that move with the distal fragment.
        motion: motion of the distal fragment and the followers.
        centre: (2,) centre of the fracture in mm.
        reach: half-width of the bone at the fracture in mm.
        zone: bone, surfaces and margin in mm, used by `fracture_mask`.
    """

    kind: str
    bone: str
    solid: tuple[str, ...]
    pieces: tuple[BonePiece, ...]
    followers: tuple[str, ...]
    motion: Motion
    centre: NDArray[np.float64]
    reach: float
    zone: tuple[Bone, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]


def _jagged(rng: np.random.Generator, count: int, size: float) -> NDArray[np.float64]:
    """Return an irregular line (count,) around zero with teeth of height `size`."""
    walk = np.cumsum(rng.standard_normal(count))
    walk -= np.linspace(walk[0], walk[-1], count)
    walk /= max(float(np.abs(walk).max()), 1e-9)
    teeth = np.interp(
        np.arange(count),
        np.arange(0, count + 6, 6),
        rng.uniform(-1, 1, count // 6 + 2)[: len(range(0, count + 6, 6))],
    )
    return size * (0.6 * walk + 0.5 * teeth)


def _half(bone: Bone, u: float) -> float:
    """Return the half-width of a bone at u in mm."""
    return 0.5 * float(bone.along_profile(bone.left, u) + bone.along_profile(bone.right, u))


def _cuts(
    rng: np.random.Generator, kind: str, u: float, half: float, slant: float
) -> tuple[FractureSurface, FractureSurface]:
    """Return the surface that ends the proximal fragment and the one that starts the distal fragment."""
    v = np.linspace(-half - 4.0, half + 4.0, 61)
    turn = 1.0 if rng.random() < 0.5 else -1.0
    slope = {"transverse": 0.0, "oblique": 1.0, "spiral": 1.9, "comminuted": 0.35, "buckle": 0.0}[kind]
    slope = turn * slant * slope * float(rng.uniform(0.75, 1.3)) + float(rng.uniform(-0.12, 0.12))
    line = u + slope * v + _jagged(rng, v.size, 0.22 * half)
    offset = float(rng.uniform(-0.14, 0.14)) * half
    near, far = line + offset, line - offset + _jagged(rng, v.size, 0.07 * half)
    wave = float(rng.uniform(0.35, 0.6)) * half
    bulge = 1.0 - np.clip(v / half, -1, 1) ** 2
    if kind == "spiral":
        near, far = near + wave * bulge, far - wave * bulge
    cut = FractureSurface(v, near, far)
    side = 1.0 if rng.random() < 0.5 else -1.0
    high = float(rng.uniform(0.7, 1.5)) * half
    share = float(rng.uniform(-0.35, 0.1))
    wedge = slant * high * np.clip((side * v / half - share) / (1.0 - share), 0.0, 1.4)
    if kind != "comminuted":
        return cut, cut
    return FractureSurface(v, near - wedge, far - wedge), FractureSurface(v, near + wedge, far + wedge)


def _chip(name: str, rng: np.random.Generator, centre: NDArray[np.float64], size: float) -> Bone:
    """Make a splinter of compact bone."""
    angle = float(rng.uniform(0, 2 * np.pi))
    along = np.array([np.cos(angle), np.sin(angle)]) * size
    half = size * float(rng.uniform(0.3, 0.55))
    same = np.ones(PROFILE_STEPS)
    slant = np.linspace(-1.0, 1.0, PROFILE_STEPS) * size * float(rng.uniform(-0.4, 0.4))
    return Bone(
        name,
        centre - along,
        centre + along,
        same * half,
        same * half,
        0.7,
        same * half,
        same * 0.0,
        slant,
        slant[::-1] * 0.7,
        plate=size,
        cap=0.4 * size,
    )


def _buckled(bone: Bone, rng: np.random.Generator, u: float, half: float) -> tuple[Bone, float]:
    """Return a bone whose wall bulges around u, and the length of the bulge in mm."""
    wide = half * float(rng.uniform(0.24, 0.36))
    at = np.linspace(0.0, bone.length, PROFILE_STEPS)
    hump = np.exp(-0.5 * ((at - u) / wide) ** 2)
    dent = np.exp(-0.5 * ((at - u - 2.2 * wide) / wide) ** 2) + np.exp(
        -0.5 * ((at - u + 2.2 * wide) / wide) ** 2
    )
    left, right = (half * float(value) for value in rng.uniform((0.03, 0.03), (0.2, 0.2)))
    left, right = (max(left, 0.14 * half), right) if rng.random() < 0.5 else (left, max(right, 0.14 * half))
    shape = hump - 0.25 * dent
    return (
        replace(
            bone,
            left=bone.left + left * shape,
            right=bone.right + right * shape,
            spongy=bone.spongy * (1.0 + 0.9 * hump),
            cortex=bone.cortex * (1.0 + 0.5 * hump),
        ),
        wide,
    )


def _may_buckle(limb: Limb) -> bool:
    """Return whether a bone that can be fractured in this limb may buckle."""
    return any(bone.buckles for bone in limb.bones if bone.name in limb.weights)


def _behind(limb: Limb, bone: Bone, u: float) -> float:
    """Return the length of the distal fragment beyond u in mm; in the hand including the phalanges."""
    if limb.region != "hand":
        return bone.length - u
    ends = [other.end for other in limb.bones if other.name in bone.followers] + [bone.end]
    return max(float(np.hypot(*(end - bone.at(u)))) for end in ends)


def _place(
    limb: Limb,
    view: View,
    inside: NDArray[np.float64],
    requested: FractureRequest,
    kind: str,
    rng: np.random.Generator,
) -> tuple[Bone, float]:
    """Choose the bone and the position along it in mm, so that the fracture is well inside the image."""
    names = list(limb.weights)
    chance = np.array([limb.weights[name] for name in names])
    bones = {bone.name: bone for bone in limb.bones}
    if requested.bone is not None and (requested.bone not in bones or bones[requested.bone].breaks is None):
        raise ValueError(
            f"Expected a bone of the {limb.region} ({', '.join(names)}), but got {requested.bone!r}."
        )
    for _ in range(60):
        pick = bones[names[int(rng.choice(len(names), p=chance / chance.sum()))]]
        share = float(rng.random())
        pick = bones[requested.bone] if requested.bone is not None else pick
        low, high = pick.breaks or (0.0, pick.length)
        if kind == "buckle" and pick.buckles and requested.place is None:
            low, high = 0.84 * pick.length, 0.9 * pick.length
        u = low + (high - low) * share if requested.place is None else requested.place * pick.length
        column, row = view.to_pixels(pick.at(u)[None])[0]
        fits = 0.1 < column / view.size[1] < 0.9 and 0.1 < row / view.size[0] < 0.9
        if (
            fits
            and inside[int(row), int(column)] > 0.99
            and (kind != "buckle" or pick.buckles or not _may_buckle(limb))
        ):
            break
        if requested.place is not None and requested.bone is not None:
            break
    return pick, u


def plan_fracture(
    limb: Limb,
    view: View,
    inside: NDArray[np.float64],
    requested: FractureRequest,
    level: Difficulty,
    rng: np.random.Generator,
) -> FracturePlan:
    """Compute a fracture.

    Args:
        limb: the intact limb.
        view: geometry of the image.
        inside: (H, W) collimated field, 0–1.
        requested: the requested properties.
        level: difficulty, for properties that are not requested.
        rng: random generator for the other properties.

    Returns:
        The fracture.

    Raises:
        ValueError: The type or bone does not exist in this limb.
    """
    if requested.kind is not None and requested.kind not in FRACTURE_KINDS:
        raise ValueError(
            f"Expected a fracture type of {', '.join(FRACTURE_KINDS)}, but got {requested.kind!r}."
        )
    drawn = FRACTURE_KINDS[int(rng.choice(len(FRACTURE_KINDS), p=_CHANCE))]
    if drawn == "buckle" and not (level.subtle and _may_buckle(limb)):
        drawn = "transverse"
    kind = requested.kind or drawn
    bone, u = _place(limb, view, inside, requested, kind, rng)
    half = _half(bone, u)
    shaft = _half(bone, 0.5 * bone.length)
    severity, gap, side, turn = (
        float(value)
        for value in rng.uniform(
            (level.severity[0], level.gap[0], -1.0, -1.0), (level.severity[1], level.gap[1], 1.0, 1.0)
        )
    )
    gap = gap * (0.8 + 1.2 * severity) * min(max(shaft / 5.0, 0.9), 1.8)
    if rng.random() < 0.3 and kind == "transverse" and level.subtle:
        gap = -0.6 * gap
    aside = level.shift + (1.0 - level.shift) * abs(side)
    shift = np.sign(side) * (0.2 + 0.75 * severity * aside) * shaft
    swing = (_SWING if bone.followers else _SWING_ALONE) / max(_behind(limb, bone, u), 12.0)
    angle = np.sign(turn) * min(np.deg2rad(3.0 + 18.0 * severity * abs(turn)), swing)
    if kind == "buckle":
        gap, shift, angle = 0.0, 0.0, 0.0
    gap = gap if requested.gap is None else requested.gap
    shift = shift if requested.displacement is None else requested.displacement
    angle = angle if requested.angulation is None else np.deg2rad(requested.angulation)

    others = tuple(part for part in limb.bones if bone.weld and part.weld == bone.weld and part is not bone)
    solid = (bone, *others)
    centre = bone.at(u)
    motion = Motion(centre, float(angle), gap * bone.along + shift * bone.across)
    pieces: list[BonePiece]
    if kind == "buckle":
        bent, width = _buckled(bone, rng, u, half)
        pieces = [BonePiece((bent, *others))]
        motion = Motion(centre, 0.0, np.zeros(2))
        flat = np.full(2, u)
        zone = (bent, np.array([-half, half]), flat, flat, 1.9 * width)
    else:
        first, last = _cuts(rng, kind, u, half, bone.slant)
        pieces = [BonePiece(solid, None, None, first), BonePiece(solid, motion, last, None)]
        margin = 1.0 + 0.12 * half + 0.5 * abs(gap)
        zone = (
            bone,
            first.v,
            np.minimum(np.minimum(first.near, first.far), np.minimum(last.near, last.far)),
            np.maximum(np.maximum(first.near, first.far), np.maximum(last.near, last.far)),
            margin,
        )
        if kind == "comminuted":
            outward, lean = (float(value) for value in rng.uniform((0.12, -0.16), (0.45, 0.16)))
            out = np.sign(last.near[-1] - first.near[-1] - (last.near[0] - first.near[0])) * outward * half
            moved = Motion(
                centre + 0.6 * np.sign(out) * half * bone.across,
                lean,
                0.5 * gap * bone.along + out * bone.across,
            )
            pieces.append(BonePiece(solid, moved, first, last))
            for i in range(int(rng.integers(2, 5))):
                off = rng.uniform((-0.7, -1.1), (0.7, 1.1)) * half
                chip = _chip(
                    f"chip {i}", rng, bone.at(u + off[0], off[1]), half * float(rng.uniform(0.1, 0.22))
                )
                pieces.append(BonePiece((chip,)))
    names = tuple(part.name for part in solid)
    return FracturePlan(kind, bone.name, names, tuple(pieces), bone.followers, motion, centre, half, zone)


def fracture_mask(broken: FracturePlan, view: View, inside: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the fracture zone as a reader would outline it.

    It contains the fracture lines, the gap between them, and a margin of one to a few mm over the full width
    of the bone, on both fragments. It is limited to the collimated field.

    Args:
        broken: the fracture.
        view: geometry of the image.
        inside: (H, W) collimated field, 0–1.

    Returns:
        bool (H, W).
    """
    mask = np.zeros(view.size, dtype=bool)
    bone, line, low, high, margin = broken.zone
    reach = float(max(np.abs(low - high).max(), high.max() - low.min())) + broken.reach
    corners = broken.centre + np.array([[-1, -1], [1, 1]]) * (reach + margin)
    both = np.concatenate([corners, broken.motion.move(corners)])
    crop = view.crop(both, margin=margin + 4.0)
    if crop is None:
        return mask
    x, y = view.grid(crop)
    part = np.zeros(x.shape, dtype=bool)
    for points in ((x, y), broken.motion.undo(x, y)):
        u, v = bone.frame(*points)
        near = (u > np.interp(v, line, low) - margin) & (u < np.interp(v, line, high) + margin)
        edge = 0.1 * broken.reach + 0.6
        across = (v > -bone.along_profile(bone.left, u) - edge) & (
            v < bone.along_profile(bone.right, u) + edge
        )
        part |= near & across
    mask[crop] = part & (inside[crop] > 0.5)
    return mask
