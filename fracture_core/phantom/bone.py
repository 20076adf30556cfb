"""One bone as a solid the rays pass through: a cortical tube with a spongy inside, closed at both ends.

A bone is described in its own frame: u runs along the axis from the start (proximal) to the end
(distal), v across it in the plane of the film, the third direction is the ray. The cross-section is
an ellipse, so the length of a ray inside the outer surface, and inside the marrow space, is known in
closed form; the difference is cortex.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fracture_core.phantom.view import Crop, Motion, View

#: Samples of a profile along a bone, and of an end surface across it.
PROFILE_STEPS = 161

#: Cells of the spongy texture tile (a power of two, so that it repeats cheaply) and their size in mm.
TILE_SIZE = 256
TILE_ALONG, TILE_ACROSS = 1.1, 0.5


@dataclass(frozen=True)
class Bone:
    """One bone, or one sleeve of soft tissue, of the limb. Lengths in mm.

    Attributes:
        name: unique in the limb.
        start: (2,) proximal end of the axis.
        end: (2,) distal end of the axis.
        left: (STEPS,) half-width towards −v, from start to end.
        right: (STEPS,) half-width towards +v.
        depth: thickness along the ray over width in the plane.
        cortex: (STEPS,) thickness of the wall.
        spongy: (STEPS,) share, 0–1, of the marrow space that is bone.
        head: (STEPS,) where the proximal surface lies, as an offset along u, from −v to +v.
        tail: (STEPS,) the same for the distal surface.
        plate: thickness of the wall under the end surfaces.
        cap: over this length the ends round off along the ray.
        bow: how far the middle of the axis lies off the chord, towards +v.
        followers: bones that move with the distal fragment when this one breaks.
        breaks: from where to where along u this bone may be broken, in mm; None where never.
        buckles: whether a buckle fracture is plausible near the distal end.
        weld: bones of one such name are parts of one solid; "" for a bone of its own.
        slant: how steep and how long fractures get here, as a share of those of a long bone.
    """

    name: str
    start: np.ndarray
    end: np.ndarray
    left: np.ndarray
    right: np.ndarray
    depth: float
    cortex: np.ndarray
    spongy: np.ndarray
    head: np.ndarray
    tail: np.ndarray
    plate: float = 1.0
    cap: float = 3.0
    bow: float = 0.0
    followers: tuple[str, ...] = ()
    breaks: tuple[float, float] | None = None
    buckles: bool = False
    weld: str = ""
    slant: float = 1.0

    @property
    def length(self) -> float:
        """Length of the chord from start to end in mm."""
        return float(np.hypot(*(self.end - self.start)))

    @property
    def along(self) -> np.ndarray:
        """(2,) unit vector of u."""
        return (self.end - self.start) / self.length

    @property
    def across(self) -> np.ndarray:
        """(2,) unit vector of v; equal to +x for a bone which points to +y."""
        along = self.along
        return np.array([along[1], -along[0]])

    def at(self, u: float, v: float = 0.0) -> np.ndarray:
        """(2,) point of the limb in mm at u along and v off the bowed axis."""
        return self.start + u * self.along + (v + self.axis(u)) * self.across

    def axis(self, u: np.ndarray | float) -> np.ndarray | float:
        """How far the axis lies off the chord at u, in mm."""
        if self.bow == 0.0:
            return 0.0
        share = np.minimum(np.maximum(np.asarray(u) / self.length, 0.0), 1.0)
        return self.bow * 4.0 * share * (1.0 - share)

    def frame(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points of the limb as u along and v off the bowed axis, in mm."""
        along, across = self.along, self.across
        dx, dy = x - self.start[0], y - self.start[1]
        u = dx * along[0] + dy * along[1]
        return u, dx * across[0] + dy * across[1] - self.axis(u)

    def along_profile(self, profile: np.ndarray, u: np.ndarray | float) -> np.ndarray:
        """A profile (STEPS,) read at u mm along the axis."""
        return np.interp(
            np.asarray(u) * ((PROFILE_STEPS - 1) / self.length), np.arange(PROFILE_STEPS), profile
        )

    def outline(self) -> np.ndarray:
        """(4, 2) corners in mm of a rectangle that holds the bone."""
        width = max(float(self.left.max()), float(self.right.max())) + abs(self.bow)
        first = min(0.0, float(self.head.min()))
        last = self.length + max(0.0, float(self.tail.max()))
        corners = [(first, -width), (first, width), (last, -width), (last, width)]
        return np.array([self.start + u * self.along + v * self.across for u, v in corners])


@dataclass(frozen=True)
class FractureSurface:
    """An irregular surface across a bone: u as a function of v, for the near and the far half of the tube.

    Attributes:
        v: (N,) rising, mm.
        near: (N,) u in mm where the surface crosses the half of the tube nearer to the detector.
        far: (N,) the same for the other half.
    """

    v: np.ndarray
    near: np.ndarray
    far: np.ndarray

    def share_beyond(self, u: np.ndarray, v: np.ndarray, softness: float) -> np.ndarray:
        """The share, 0–1, of the ray at (u, v) that lies distal of the surface."""
        near = np.clip((u - np.interp(v, self.v, self.near)) / softness + 0.5, 0.0, 1.0)
        far = np.clip((u - np.interp(v, self.v, self.far)) / softness + 0.5, 0.0, 1.0)
        return 0.5 * (near + far)


@dataclass(frozen=True)
class BonePiece:
    """A solid, or the part of it between two cuts, after a motion.

    Attributes:
        solid: the bones it consists of, one or the members of a weld; the cuts are in the frame of the first.
        motion: how the piece moved; None where it did not.
        lower: the piece lies distal of this cut.
        upper: the piece lies proximal of this cut.
    """

    solid: tuple[Bone, ...]
    motion: Motion | None = None
    lower: FractureSurface | None = None
    upper: FractureSurface | None = None


def group_solids(bones: Iterable[Bone]) -> list[tuple[Bone, ...]]:
    """Bones gathered into solids: the members of each weld together, every other bone alone."""
    found: dict[str, tuple[Bone, ...]] = {}
    for bone in bones:
        key = f"weld {bone.weld}" if bone.weld else f"bone {bone.name}"
        found[key] = (*found.get(key, ()), bone)
    return list(found.values())


def texture_tile(rng: np.random.Generator) -> np.ndarray:
    """A (TILE, TILE) field that repeats, of zero mean and unit spread, for the spongy bone of one limb."""
    fine = rng.standard_normal((TILE_SIZE, TILE_SIZE))
    total = np.zeros_like(fine)
    for step, share in ((1, 1.0), (4, 0.9)):
        soft = fine
        for axis in (0, 1):
            soft = soft + np.roll(soft, step, axis=axis) + np.roll(soft, -step, axis=axis)
        total += share * soft / soft.std()
        fine = np.roll(fine, 37, axis=1)
    return total / total.std()


def _texture(tile: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The tile read between its cells at u, v (mm)."""
    row, column = u / TILE_ALONG, v / TILE_ACROSS
    top, left = np.floor(row), np.floor(column)
    down, right = row - top, column - left
    top, left = top.astype(int) & (TILE_SIZE - 1), left.astype(int) & (TILE_SIZE - 1)
    below, beside = (top + 1) & (TILE_SIZE - 1), (left + 1) & (TILE_SIZE - 1)
    upper = tile[top, left] * (1 - right) + tile[top, beside] * right
    lower = tile[below, left] * (1 - right) + tile[below, beside] * right
    return upper * (1 - down) + lower * down


def _cap(distance: np.ndarray, length: float) -> np.ndarray:
    """How much of the ray is left at a distance from an end surface: a quarter ellipse, 0 at the surface."""
    missing = np.minimum(np.maximum(1.0 - distance / length, 0.0), 1.0)
    missing *= missing
    return np.sqrt(np.subtract(1.0, missing, out=missing), out=missing)


@dataclass(frozen=True)
class RayLengths:
    """What rays meet in one bone; every array has the shape of the points asked for.

    Attributes:
        outer: mm within the outer surface.
        inner: mm within the marrow space.
        spongy: mm of spongy bone, its marrow not counted.
        u: mm along the bone.
        v: mm across it.
    """

    outer: np.ndarray
    inner: np.ndarray
    spongy: np.ndarray
    u: np.ndarray
    v: np.ndarray


def trace_rays(bone: Bone, x: np.ndarray, y: np.ndarray, tile: np.ndarray | None) -> RayLengths:
    """Trace rays through one bone.

    Args:
        bone: the bone.
        x: points of the limb in mm, any shape.
        y: the same shape.
        tile: texture of the spongy bone; None for none.
    """
    u, v = bone.frame(x, y)
    # A slanted bone fills little of its rectangle; everywhere else the lengths are zero.
    met = (v > -float(bone.left.max())) & (v < float(bone.right.max()))
    met &= (u > float(bone.head.min())) & (u < bone.length + float(bone.tail.max()))
    outer, inner, spongy = (np.zeros(u.shape) for _ in range(3))
    outer[met], inner[met], spongy[met] = _lengths(bone, u[met], v[met], tile)
    return RayLengths(outer, inner, spongy, u, v)


def _lengths(
    bone: Bone, u: np.ndarray, v: np.ndarray, tile: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N,) mm within the outer surface, within the marrow space and of spongy bone at (N,) u and v."""
    left, right = bone.along_profile(bone.left, u), bone.along_profile(bone.right, u)
    wall, share = bone.along_profile(bone.cortex, u), bone.along_profile(bone.spongy, u)
    half = np.maximum(0.5 * (left + right), 1e-3)
    off = v - 0.5 * (right - left)
    rho = off / half
    place = (np.minimum(np.maximum(rho, -1.0), 1.0) + 1.0) * (0.5 * (PROFILE_STEPS - 1))
    samples = np.arange(PROFILE_STEPS)
    first = u - np.interp(place, samples, bone.head)
    last = bone.length + np.interp(place, samples, bone.tail) - u
    ends = _cap(first, bone.cap) * _cap(last, bone.cap)
    outer = 2.0 * bone.depth * half * np.sqrt(np.maximum(1.0 - rho**2, 0.0)) * ends

    hollow = np.maximum(half - wall, 1e-3)
    deep = np.maximum(half * bone.depth - wall, 0.0)
    ends = _cap(first - bone.plate, bone.cap) * _cap(last - bone.plate, bone.cap)
    inner = 2.0 * deep * np.sqrt(np.maximum(1.0 - (off / hollow) ** 2, 0.0)) * ends
    inner = np.minimum(inner, outer)
    spongy = inner * share
    if tile is not None:
        phase = sum(ord(letter) for letter in bone.name) * 7.3
        spongy = spongy * np.maximum(1.0 + 0.17 * _texture(tile, u + phase, v + phase), 0.0)
    return outer, inner, spongy


def _grid(piece: BonePiece, bone: Bone, view: View) -> tuple[Crop, np.ndarray, np.ndarray] | None:
    """The part of the film with a bone of a piece, and where its points were before the motion; None if off."""
    corners = bone.outline()
    if piece.motion is not None:
        corners = piece.motion.move(corners)
    crop = view.crop(corners, margin=1.0)
    if crop is None:
        return None
    x, y = view.grid(crop)
    return (crop, x, y) if piece.motion is None else (crop, *piece.motion.undo(x, y))


def _between(piece: BonePiece, u: np.ndarray, v: np.ndarray, softness: float) -> np.ndarray | float:
    """The share, 0–1, of each ray that lies between the cuts of a piece."""
    share: np.ndarray | float = 1.0
    if piece.lower is not None:
        share = share * piece.lower.share_beyond(u, v, softness)
    if piece.upper is not None:
        share = share * (1.0 - piece.upper.share_beyond(u, v, softness))
    return share


def add_piece(
    piece: BonePiece, view: View, tile: np.ndarray | None, compact: np.ndarray, spongy: np.ndarray
) -> None:
    """Add the ray lengths of one piece of bone to two maps of the film, in place.

    Args:
        piece: what to add.
        view: how the limb lies on the film.
        tile: texture of the spongy bone.
        compact: (H, W) mm of compact bone.
        spongy: (H, W) mm of spongy bone.
    """
    if len(piece.solid) > 1:
        _add_weld(piece, view, tile, compact, spongy)
        return
    found = _grid(piece, piece.solid[0], view)
    if found is None:
        return
    crop, x, y = found
    traced = trace_rays(piece.solid[0], x, y, tile)
    share = _between(piece, traced.u, traced.v, view.spacing)
    compact[crop] += (traced.outer - traced.inner) * share
    spongy[crop] += traced.spongy * share


def _add_weld(
    piece: BonePiece, view: View, tile: np.ndarray | None, compact: np.ndarray, spongy: np.ndarray
) -> None:
    """The same for a piece of several bones: they merge smoothly where they overlap, they do not add up."""
    outer, inner, soft = (np.zeros(view.size) for _ in range(3))
    for bone in piece.solid:
        found = _grid(piece, bone, view)
        if found is None:
            continue
        crop, x, y = found
        traced = trace_rays(bone, x, y, tile)
        weight = _eighth_power(traced.inner)
        outer[crop] += _eighth_power(traced.outer)
        inner[crop] += weight
        soft[crop] += weight * traced.spongy / np.maximum(traced.inner, 1e-9)
    soft /= np.maximum(inner, 1e-9)
    outer, inner = _eighth_root(outer), _eighth_root(inner)
    soft *= inner
    share: np.ndarray | float = 1.0
    if piece.lower is not None or piece.upper is not None:
        x, y = view.grid((slice(0, view.size[0]), slice(0, view.size[1])))
        if piece.motion is not None:
            x, y = piece.motion.undo(x, y)
        share = _between(piece, *piece.solid[0].frame(x, y), view.spacing)
    compact += (outer - inner) * share
    spongy += soft * share


def _eighth_power(lengths: np.ndarray) -> np.ndarray:
    square = lengths * lengths
    square *= square
    return square * square


def _eighth_root(powers: np.ndarray) -> np.ndarray:
    return np.sqrt(np.sqrt(np.sqrt(powers)))
