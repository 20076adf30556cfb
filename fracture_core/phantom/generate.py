"""Generation of one synthetic radiograph from a seed."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fracture_core.datasets.cases import Box
from fracture_core.phantom import anatomy, exposure
from fracture_core.phantom import fracture as breaking
from fracture_core.phantom.anatomy import PHANTOM_REGIONS, Limb
from fracture_core.phantom.bone import Bone, BonePiece, add_piece, group_solids, texture_tile, trace_rays
from fracture_core.phantom.difficulty import DIFFICULTIES, Difficulty
from fracture_core.phantom.fracture import FracturePlan, FractureRequest
from fracture_core.phantom.view import View

#: Default rows and columns of a phantom.
IMAGE_SIZE = (512, 400)

# Exponent of the generalised mean that merges sleeves of soft tissue.
_MERGE = 6


@dataclass(frozen=True)
class Phantom:
    """One synthetic radiograph.

    Attributes:
        pixels: uint8 (H, W); bone is bright.
        label: 0 or 1, index into `vocabulary.LABELS`.
        boxes: bounding boxes of the fracture as fractions of the image; empty without a fracture.
        mask: bool (H, W), the fracture zone; all False without a fracture.
        region: one of `anatomy.PHANTOM_REGIONS`.
        seed: seed of the phantom.
        spacing: mm per pixel.
        side: "L" or "R".
        kind: type of the fracture; "" without a fracture.
        bone: name of the fractured bone; "" without a fracture.
        raw: uint16 (H, W), 0–4095; `pixels` are its upper eight bits.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    label: int
    boxes: tuple[Box, ...]
    mask: NDArray[np.bool_] = field(repr=False)
    region: str
    seed: int
    spacing: float
    side: str
    kind: str
    bone: str
    raw: NDArray[np.uint16] = field(repr=False)


@dataclass(frozen=True)
class _Scene:
    """Everything that is decided before rays are computed."""

    limb: Limb
    view: View
    technique: exposure.Technique
    side: str
    inside: NDArray[np.float64]
    broken: FracturePlan | None
    build: np.random.Generator


def _view(
    limb: Limb,
    size: tuple[int, int],
    mirrored: bool,
    level: Difficulty,
    rng: np.random.Generator,
    focus: np.random.Generator,
) -> View:
    """Place the limb on the image, slightly rotated and off centre."""
    height, width = size
    # An image much wider than the limb has empty borders, as in practice.
    spacing = max(limb.field[0] / height, limb.field[1] / width) * level.share
    turn, right, down = (float(value) for value in rng.uniform((-0.1, -0.05, -0.02), (0.1, 0.05, 0.02)))
    flip = np.diag([-1.0 if mirrored else 1.0, -1.0 if limb.distal_up else 1.0])
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ flip / spacing
    centre = np.array(limb.centre)
    if level.share < 1.0:
        centre = _breakable_place(limb, focus)
        right, down = (float(value) for value in focus.uniform(-level.wander, level.wander, 2))
    target = np.array([(0.5 + right) * width, (0.5 + down) * height]) - 0.5
    return View(size, spacing, matrix, centre, target)


def _breakable_place(limb: Limb, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a point (2,) in mm where this limb may be fractured, independent of the label."""
    names = list(limb.weights)
    chance = np.array([limb.weights[name] for name in names])
    name = names[int(rng.choice(len(names), p=chance / chance.sum()))]
    bone = next(bone for bone in limb.bones if bone.name == name)
    low, high = bone.breaks or (0.0, bone.length)
    return bone.at(low + (high - low) * float(rng.random()))


def _random_stream(seed: int, region: str, number: int) -> np.random.Generator:
    """Return one of the independent random streams: build, position, technique, fracture, noise, focus."""
    return np.random.default_rng([seed, PHANTOM_REGIONS.index(region), number])


def _scene(
    seed: int, region: str, fracture: FractureRequest | None, size: tuple[int, int], level: Difficulty
) -> _Scene:
    """Draw person, position, technique and fracture, each from its own random stream."""
    build, position, technique_rng = (_random_stream(seed, region, stream) for stream in range(3))
    limb = anatomy.draw_limb(region, build)
    mirrored = bool(position.random() < 0.5)
    view = _view(limb, size, mirrored, level, position, _random_stream(seed, region, 5))
    side = "L" if mirrored else "R"
    technique = exposure.draw_technique(technique_rng, side, limb.exposure)
    if level.plain:
        technique = replace(technique, marker="", field=(0.0, 0.0, 1.0, 1.0))
    inside = exposure.collimator_mask(size, technique)
    broken = None
    if fracture is not None:
        broken = breaking.plan_fracture(limb, view, inside, fracture, level, _random_stream(seed, region, 3))
    return _Scene(limb, view, technique, side, inside, broken, build)


def _soft_tissue(
    sleeves: tuple[Bone, ...], view: View, broken: FracturePlan | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (H, W) mm of muscle and of fat. Overlapping sleeves merge smoothly instead of adding up."""
    whole = np.zeros(view.size)
    inner = np.zeros(view.size)
    for sleeve in sleeves:
        motion = broken.motion if broken is not None and sleeve.name in broken.followers else None
        corners = sleeve.outline() if motion is None else motion.move(sleeve.outline())
        crop = view.crop(corners, margin=1.0)
        if crop is None:
            continue
        x, y = view.grid(crop)
        if motion is not None:
            x, y = motion.undo(x, y)
        traced = trace_rays(sleeve, x, y, None)
        whole[crop] += traced.outer**_MERGE
        inner[crop] += traced.inner**_MERGE
    whole, inner = whole ** (1.0 / _MERGE), inner ** (1.0 / _MERGE)
    return inner, whole - inner


def _clouds(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float64]:
    """Draw a smooth field (H, W) of zero mean and unit standard deviation for the variation of muscle."""
    return np.asarray(exposure.upsample_smoothly(rng.standard_normal((24, 20)), size, 0.7) * 2.2)


def _bones(
    pieces: list[BonePiece], view: View, tile: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (H, W) mm of compact and of spongy bone."""
    compact, spongy = np.zeros(view.size), np.zeros(view.size)
    for piece in pieces:
        add_piece(piece, view, tile, compact, spongy)
    return compact, spongy


def _box(mask: NDArray[np.bool_]) -> Box:
    """Return the tight bounding box of a mask, as fractions."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    return (
        float(columns[0] / width),
        float(rows[0] / height),
        float((columns[-1] + 1) / width),
        float((rows[-1] + 1) / height),
    )


def draw_phantom(
    seed: int,
    region: str = "leg",
    fracture: FractureRequest | bool | None = None,
    size: tuple[int, int] = IMAGE_SIZE,
    difficulty: str = "realistic",
) -> Phantom:
    """Draw one synthetic radiograph.

    The same seed, region and size give the same person, position and technique with or without a fracture.
    Only the fractured bone, the bones that move with it and the swelling around it differ.

    Args:
        seed: 0 or greater.
        region: one of `anatomy.PHANTOM_REGIONS`.
        fracture: requested fracture; True for a random fracture, None or False for none.
        size: rows and columns, at least 32 each.
        difficulty: a name in `DIFFICULTIES`.

    Returns:
        The phantom.

    Raises:
        ValueError: Unknown region, fracture type, bone or difficulty, negative seed, or size below 32.

    Example:
        >>> phantom = draw_phantom(1, "hand", fracture=True, size=(96, 80))
        >>> phantom.pixels.shape, phantom.label, len(phantom.boxes)
        ((96, 80), 1, 1)
    """
    if min(size) < 32:
        raise ValueError(f"Expected at least 32 rows and columns, but got {size}.")
    if region not in PHANTOM_REGIONS:
        raise ValueError(f"Expected a region of {', '.join(PHANTOM_REGIONS)}, but got {region!r}.")
    if seed < 0:
        raise ValueError(f"Expected a seed of 0 or greater, but got {seed}.")
    if difficulty not in DIFFICULTIES:
        raise ValueError(f"Expected a difficulty of {', '.join(DIFFICULTIES)}, but got {difficulty!r}.")
    requested = FractureRequest() if fracture is True else (fracture or None)
    scene = _scene(seed, region, requested, size, DIFFICULTIES[difficulty])
    view, broken = scene.view, scene.broken
    tile = texture_tile(scene.build)
    clouds = np.maximum(1.0 + 0.035 * _clouds(scene.build, size), 0.5)
    muscle, fat = _soft_tissue(scene.limb.flesh, view, None)

    affected = {*broken.solid, *broken.followers} if broken is not None else set()
    whole = [BonePiece(solid) for solid in group_solids(scene.limb.bones)]
    still = _bones([piece for piece in whole if piece.solid[0].name not in affected], view, tile)
    moved = _bones([piece for piece in whole if piece.solid[0].name in affected], view, tile)
    depth = exposure.attenuation(still[0] + moved[0], still[1] + moved[1], muscle * clouds, fat)
    limits = exposure.display_range(depth, scene.inside)
    mask = np.zeros(size, dtype=bool)
    if broken is not None:
        with_it = group_solids(bone for bone in scene.limb.bones if bone.name in broken.followers)
        moved = _bones([*broken.pieces, *(BonePiece(solid, broken.motion) for solid in with_it)], view, tile)
        x, y = view.grid((slice(0, size[0]), slice(0, size[1])))
        squared_distance = (x - broken.centre[0]) ** 2 + (y - broken.centre[1]) ** 2
        swelling = 1.0 + 0.07 * np.exp(-0.5 * squared_distance / (2.2 * broken.reach + 5.0) ** 2)
        if affected.intersection(sleeve.name for sleeve in scene.limb.flesh):
            muscle, fat = _soft_tissue(scene.limb.flesh, view, broken)
        depth = exposure.attenuation(
            still[0] + moved[0], still[1] + moved[1], muscle * clouds * swelling, fat
        )
        mask = breaking.fracture_mask(broken, view, scene.inside)
    raw = exposure.expose_film(
        depth, scene.inside, limits, scene.technique, view.spacing, _random_stream(seed, region, 4)
    )
    return Phantom(
        pixels=(raw >> 4).astype(np.uint8),
        label=int(broken is not None),
        boxes=(_box(mask),) if mask.any() else (),
        mask=mask,
        region=region,
        seed=seed,
        spacing=view.spacing,
        side=scene.side,
        kind=broken.kind if broken else "",
        bone=broken.bone if broken else "",
        raw=raw,
    )


def phantom_boxes(
    seed: int,
    region: str,
    fracture: FractureRequest | bool,
    size: tuple[int, int] = IMAGE_SIZE,
    difficulty: str = "realistic",
) -> tuple[Box, ...]:
    """Return the boxes that `draw_phantom` would give, without computing the image.

    Args:
        seed: 0 or greater.
        region: one of `anatomy.PHANTOM_REGIONS`.
        fracture: requested fracture; True for a random fracture, False for none.
        size: rows and columns.
        difficulty: a name in `DIFFICULTIES`.

    Returns:
        Boxes as fractions of the image; empty without a fracture.
    """
    requested = FractureRequest() if fracture is True else (fracture or None)
    scene = _scene(seed, region, requested, size, DIFFICULTIES[difficulty])
    if scene.broken is None:
        return ()
    mask = breaking.fracture_mask(scene.broken, scene.view, scene.inside)
    return (_box(mask),) if mask.any() else ()
