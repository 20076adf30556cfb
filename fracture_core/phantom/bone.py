"""Ray lengths through bones: cortical tubes with a spongy inside, closed at both ends.

A bone has its own frame: u runs along the axis from start (proximal) to end (distal), v runs across it in
the image plane, and the third direction is the ray. The cross-section is an ellipse. The length of a ray
inside the outer surface and inside the marrow space therefore has a closed form; the difference is cortex.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fracture_core.phantom.view import Crop, Motion, View

#: Samples of a profile along a bone, and of an end surface across it.
PROFILE_STEPS = 161

#: Cells of the spongy texture tile (a power of two, so that it repeats cheaply) and their size in mm.
TILE_SIZE = 256
TILE_ALONG, TILE_ACROSS = 1.1, 0.5


@dataclass(frozen=True)
class Bone:
    """One bone, or one sleeve of soft tissue. Lengths are in mm.

    Attributes:
        name: unique name within the limb.
        start: (2,) proximal end of the axis.
        end: (2,) distal end of the axis.
        left: (STEPS,) half-width towards −v, from start to end.
        right: (STEPS,) half-width towards +v.
        depth: ratio of the thickness along the ray to the width in the image plane.
        cortex: (STEPS,) thickness of the wall.
        spongy: (STEPS,) share of the marrow space that is bone, 0–1.
        head: (STEPS,) offset of the proximal surface along u, from −v to +v.
        tail: (STEPS,) the same for the distal surface.
        plate: wall thickness under the end surfaces.
        cap: length over which the ends are rounded along the ray.
        bow: distance of the middle of the axis from the chord, towards +v.
        followers: names of the bones that move with the distal fragment if this bone is fractured.
        breaks: range of u in which this bone may be fractured; None if never.
        buckles: whether a buckle fracture is plausible near the distal end.
        weld: name shared by the bones that form one solid; "" for a separate bone.
        slant: scale of the slope and length of fractures, relative to a long bone.
    """

    name: str
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    depth: float
    cortex: NDArray[np.float64]
    spongy: NDArray[np.float64]
    head: NDArray[np.float64]
    tail: NDArray[np.float64]
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
    def along(self) -> NDArray[np.float64]:
        """(2,) unit vector of u."""
        return np.asarray((self.end - self.start) / self.length)

    @property
    def across(self) -> NDArray[np.float64]:
        """(2,) unit vector of v; equal to +x for a bone which points to +y."""
        along = self.along
        return np.array([along[1], -along[0]])

    def at(self, u: float, v: float = 0.0) -> NDArray[np.float64]:
        """Return the (2,) point in mm at u along the axis and v across it."""
        return np.asarray(self.start + u * self.along + (v + self.axis(u)) * self.across)

    def axis(self, u: NDArray[np.float64] | float) -> NDArray[np.float64] | float:
        """Return the distance of the axis from the chord at u, in mm."""
        if self.bow == 0.0:
            return 0.0
        share = np.minimum(np.maximum(np.asarray(u) / self.length, 0.0), 1.0)
        return np.asarray(self.bow * 4.0 * share * (1.0 - share))

    def frame(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Convert points of the limb in mm to u along the bowed axis and v across it."""
        along, across = self.along, self.across
        dx, dy = x - self.start[0], y - self.start[1]
        u = dx * along[0] + dy * along[1]
        return u, dx * across[0] + dy * across[1] - self.axis(u)

    def along_profile(
        self, profile: NDArray[np.float64], u: NDArray[np.float64] | float
    ) -> NDArray[np.float64]:
        """Interpolate a profile (STEPS,) at u mm along the axis."""
        steps = np.asarray(u) * ((PROFILE_STEPS - 1) / self.length)
        return np.asarray(np.interp(steps, np.arange(PROFILE_STEPS), profile))

    def outline(self) -> NDArray[np.float64]:
        """Return the (4, 2) corners in mm of a rectangle around the bone."""
        width = max(float(self.left.max()), float(self.right.max())) + abs(self.bow)
        first = min(0.0, float(self.head.min()))
        last = self.length + max(0.0, float(self.tail.max()))
        corners = [(first, -width), (first, width), (last, -width), (last, width)]
        return np.array([self.start + u * self.along + v * self.across for u, v in corners])


@dataclass(frozen=True)
class FractureSurface:
    """Irregular surface across a bone: u as a function of v, for the near and the far half of the tube.

    Attributes:
        v: (N,) increasing, mm.
        near: (N,) u in mm on the half of the tube nearer to the detector.
        far: (N,) the same for the other half.
    """

    v: NDArray[np.float64]
    near: NDArray[np.float64]
    far: NDArray[np.float64]

    def share_beyond(
        self, u: NDArray[np.float64], v: NDArray[np.float64], softness: float
    ) -> NDArray[np.float64]:
        """Return the share of the ray at (u, v) that is distal of the surface, 0–1."""
        near = np.clip((u - np.interp(v, self.v, self.near)) / softness + 0.5, 0.0, 1.0)
        far = np.clip((u - np.interp(v, self.v, self.far)) / softness + 0.5, 0.0, 1.0)
        return np.asarray(0.5 * (near + far))


@dataclass(frozen=True)
class BonePiece:
    """A solid, or its part between two surfaces, after a motion.

    Attributes:
        solid: the bones it consists of. The surfaces are in the frame of the first bone.
        motion: motion of the piece; None if it did not move.
        lower: surface that bounds the piece proximally.
        upper: surface that bounds the piece distally.
    """

    solid: tuple[Bone, ...]
    motion: Motion | None = None
    lower: FractureSurface | None = None
    upper: FractureSurface | None = None


def group_solids(bones: Iterable[Bone]) -> list[tuple[Bone, ...]]:
    """Group bones into solids: the members of each weld together, every other bone alone."""
    solids: dict[str, tuple[Bone, ...]] = {}
    for bone in bones:
        key = f"weld {bone.weld}" if bone.weld else f"bone {bone.name}"
        solids[key] = (*solids.get(key, ()), bone)
    return list(solids.values())


def texture_tile(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a periodic texture for the spongy bone of one limb.

    Args:
        rng: random generator.

    Returns:
        float64 (TILE_SIZE, TILE_SIZE), zero mean, unit standard deviation.
    """
    fine = rng.standard_normal((TILE_SIZE, TILE_SIZE))
    total = np.zeros_like(fine)
    for step, share in ((1, 1.0), (4, 0.9)):
        soft = fine
        for axis in (0, 1):
            soft = soft + np.roll(soft, step, axis=axis) + np.roll(soft, -step, axis=axis)
        total += share * soft / soft.std()
        fine = np.roll(fine, 37, axis=1)
    return np.asarray(total / total.std())


def _texture(
    tile: NDArray[np.float64], u: NDArray[np.float64], v: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Interpolate the tile at u, v (mm)."""
    row, column = u / TILE_ALONG, v / TILE_ACROSS
    top, left = np.floor(row), np.floor(column)
    down, right = row - top, column - left
    top, left = top.astype(int) & (TILE_SIZE - 1), left.astype(int) & (TILE_SIZE - 1)
    below, beside = (top + 1) & (TILE_SIZE - 1), (left + 1) & (TILE_SIZE - 1)
    upper = tile[top, left] * (1 - right) + tile[top, beside] * right
    lower = tile[below, left] * (1 - right) + tile[below, beside] * right
    return np.asarray(upper * (1 - down) + lower * down)


def _cap(distance: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """Return the share of the ray at a distance from an end surface: a quarter ellipse, 0 at the surface."""
    missing = np.minimum(np.maximum(1.0 - distance / length, 0.0), 1.0)
    missing *= missing
    return np.asarray(np.sqrt(np.subtract(1.0, missing, out=missing), out=missing))


@dataclass(frozen=True)
class RayLengths:
    """Lengths of rays in one bone. Every array has the shape of the given points.

    Attributes:
        outer: mm within the outer surface.
        inner: mm within the marrow space.
        spongy: mm of spongy bone, without marrow.
        u: mm along the bone.
        v: mm across it.
    """

    outer: NDArray[np.float64]
    inner: NDArray[np.float64]
    spongy: NDArray[np.float64]
    u: NDArray[np.float64]
    v: NDArray[np.float64]


def trace_rays(
    bone: Bone, x: NDArray[np.float64], y: NDArray[np.float64], tile: NDArray[np.float64] | None
) -> RayLengths:
    """Compute the lengths of rays through one bone.

    Args:
        bone: the bone.
        x: points of the limb in mm, any shape.
        y: the same shape.
        tile: texture of the spongy bone; None for none.

    Returns:
        The lengths.
    """
    u, v = bone.frame(x, y)
    # A slanted bone fills little of its bounding rectangle; elsewhere the lengths are zero.
    hit = (v > -float(bone.left.max())) & (v < float(bone.right.max()))
    hit &= (u > float(bone.head.min())) & (u < bone.length + float(bone.tail.max()))
    outer, inner, spongy = (np.zeros(u.shape) for _ in range(3))
    outer[hit], inner[hit], spongy[hit] = _lengths(bone, u[hit], v[hit], tile)
    return RayLengths(outer, inner, spongy, u, v)


def _lengths(
    bone: Bone, u: NDArray[np.float64], v: NDArray[np.float64], tile: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return (N,) lengths in mm at (N,) u and v: in the outer surface, in the marrow space, of spongy bone."""
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


def _grid(
    piece: BonePiece, bone: Bone, view: View
) -> tuple[Crop, NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the crop with a bone of a piece and its points before the motion; None if outside the image."""
    corners = bone.outline()
    if piece.motion is not None:
        corners = piece.motion.move(corners)
    crop = view.crop(corners, margin=1.0)
    if crop is None:
        return None
    x, y = view.grid(crop)
    return (crop, x, y) if piece.motion is None else (crop, *piece.motion.undo(x, y))


def _between(
    piece: BonePiece, u: NDArray[np.float64], v: NDArray[np.float64], softness: float
) -> NDArray[np.float64] | float:
    """Return the share of each ray between the surfaces of a piece, 0–1."""
    share: NDArray[np.float64] | float = 1.0
    if piece.lower is not None:
        share = share * piece.lower.share_beyond(u, v, softness)
    if piece.upper is not None:
        share = share * (1.0 - piece.upper.share_beyond(u, v, softness))
    return share


def add_piece(
    piece: BonePiece,
    view: View,
    tile: NDArray[np.float64] | None,
    compact: NDArray[np.float64],
    spongy: NDArray[np.float64],
) -> None:
    """Add the ray lengths of one piece of bone to two maps, in place.

    Args:
        piece: the piece.
        view: geometry of the image.
        tile: texture of the spongy bone.
        compact: (H, W) mm of compact bone.
        spongy: (H, W) mm of spongy bone.
    """
    if len(piece.solid) > 1:
        _add_weld(piece, view, tile, compact, spongy)
        return
    grid = _grid(piece, piece.solid[0], view)
    if grid is None:
        return
    crop, x, y = grid
    traced = trace_rays(piece.solid[0], x, y, tile)
    share = _between(piece, traced.u, traced.v, view.spacing)
    compact[crop] += (traced.outer - traced.inner) * share
    spongy[crop] += traced.spongy * share


def _add_weld(
    piece: BonePiece,
    view: View,
    tile: NDArray[np.float64] | None,
    compact: NDArray[np.float64],
    spongy: NDArray[np.float64],
) -> None:
    """Add a piece of several bones. They merge smoothly where they overlap instead of adding up."""
    outer, inner, soft = (np.zeros(view.size) for _ in range(3))
    for bone in piece.solid:
        grid = _grid(piece, bone, view)
        if grid is None:
            continue
        crop, x, y = grid
        traced = trace_rays(bone, x, y, tile)
        weight = _eighth_power(traced.inner)
        outer[crop] += _eighth_power(traced.outer)
        inner[crop] += weight
        soft[crop] += weight * traced.spongy / np.maximum(traced.inner, 1e-9)
    soft /= np.maximum(inner, 1e-9)
    outer, inner = _eighth_root(outer), _eighth_root(inner)
    soft *= inner
    share: NDArray[np.float64] | float = 1.0
    if piece.lower is not None or piece.upper is not None:
        x, y = view.grid((slice(0, view.size[0]), slice(0, view.size[1])))
        if piece.motion is not None:
            x, y = piece.motion.undo(x, y)
        share = _between(piece, *piece.solid[0].frame(x, y), view.spacing)
    compact += (outer - inner) * share
    spongy += soft * share


def _eighth_power(lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    square = lengths * lengths
    square *= square
    return np.asarray(square * square)


def _eighth_root(powers: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(np.sqrt(np.sqrt(powers))))
