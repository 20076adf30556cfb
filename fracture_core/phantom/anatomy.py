"""Anatomy of the limbs: bones of each region, their sizes, and the soft tissue around them.

Coordinates of a limb are in mm: +y towards the fingers or the foot, −x towards the thumb or the big toe.
Sizes are those of an average adult in anatomy textbooks (metacarpals 46–68 mm, proximal phalanges 32–44 mm,
tibial shaft 22–24 mm wide with a wall of 4–5 mm). Each image has its own individual variation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from fracture_core.phantom.bone import Bone
from fracture_core.phantom.bone_shapes import Person, make_bone, make_pebble, make_sleeve, round_end_profile
from fracture_core.phantom.exposure import THICK, THIN, Exposure
from fracture_core.phantom.hip import hip_bones
from fracture_core.phantom.individual import individual_shape

#: The regions that can be drawn.
PHANTOM_REGIONS = ("forearm", "leg", "hand", "hip")


@dataclass(frozen=True)
class Limb:
    """The bones and soft tissue of one person in one region.

    Attributes:
        region: one of `PHANTOM_REGIONS`.
        bones: the bones.
        flesh: sleeves of soft tissue; their `cortex` is skin and fat, their inside is muscle.
        centre: point of the limb in mm at the centre of the image.
        field: height and width in mm of the imaged field.
        distal_up: whether distal is at the upper edge of the image.
        weights: probability of each bone to be the fractured one, by name.
        exposure: exposure factors of the body part.
    """

    region: str
    bones: tuple[Bone, ...]
    flesh: tuple[Bone, ...]
    centre: tuple[float, float]
    field: tuple[float, float]
    distal_up: bool
    weights: dict[str, float]
    exposure: Exposure = THIN


def _finger(
    rng: np.random.Generator,
    person: Person,
    ray: int,
    base: tuple[float, float],
    tilt: float,
    lengths: Sequence[float],
    thick: float,
) -> tuple[list[Bone], list[Bone]]:
    """Make one ray of the hand: metacarpal and phalanges with small bends, and their soft tissue."""
    names = (
        ["metacarpal", "proximal", "middle", "distal"]
        if len(lengths) == 4
        else ["metacarpal", "proximal", "distal"]
    )
    names = [f"{name} {ray}" for name in names]
    bones: list[Bone] = []
    point, angle = np.array(base, dtype=float), np.deg2rad(tilt)
    knuckle = point
    for i, (name, length) in enumerate(zip(names, lengths, strict=True)):
        along = np.array([np.sin(angle), np.cos(angle)])
        end = point + along * length
        more: dict[str, object] = {
            "followers": (*names[i + 1 :], f"flesh {ray}"),
            "breaks": (0.16 * length, 0.86 * length),
            "bow": float(rng.uniform(-0.6, 0.6)),
        }
        if i == 0:
            bones.append(
                make_bone(
                    name,
                    tuple(point),
                    tuple(end),
                    [
                        (0, 7.6 * thick, 7.6 * thick),
                        (0.1, 7 * thick, 7 * thick),
                        (0.3, 4.5 * thick, 4.5 * thick),
                        (0.55, 4.1 * thick, 4.1 * thick),
                        (0.78, 5 * thick, 5 * thick),
                        (0.9, 7 * thick, 7 * thick),
                        (1, 6.6 * thick, 6.6 * thick),
                    ],
                    [(0, 0.8), (0.18, 1.1), (0.35, 1.9), (0.6, 1.9), (0.8, 1.2), (0.9, 0.7)],
                    [(0, 0.27), (0.2, 0.16), (0.35, 0.04), (0.65, 0.04), (0.82, 0.16), (1, 0.27)],
                    person=person,
                    tail=round_end_profile(5.5 * thick),
                    head=[(-1, 1.6), (-0.5, -0.4), (0, 0.6), (0.6, -0.4), (1, 1.6)],
                    smooth=5.0,
                    depth=0.95,
                    plate=0.8,
                    **more,
                )
            )
            knuckle = end
        elif i < len(lengths) - 1:
            w = thick * (1.0 if i == 1 else 0.84)
            bones.append(
                make_bone(
                    name,
                    tuple(point),
                    tuple(end),
                    [
                        (0, 7 * w, 7 * w),
                        (0.1, 6.6 * w, 6.6 * w),
                        (0.3, 4.6 * w, 4.6 * w),
                        (0.6, 4 * w, 4 * w),
                        (0.8, 4.2 * w, 4.2 * w),
                        (0.92, 5.3 * w, 5.3 * w),
                        (1, 5 * w, 5 * w),
                    ],
                    [(0, 0.7), (0.2, 1.0), (0.4, 1.6), (0.65, 1.7), (0.82, 1.1), (0.92, 0.7)],
                    [(0, 0.27), (0.2, 0.17), (0.4, 0.04), (0.7, 0.04), (0.85, 0.15), (1, 0.25)],
                    person=person,
                    head=[(-1, -0.4), (-0.6, 0.4), (0, 1.1), (0.6, 0.4), (1, -0.4)],
                    tail=[(-1, -2.6), (-0.75, 0), (-0.4, 0.2), (0, -0.9), (0.4, 0.2), (0.75, 0), (1, -2.6)],
                    smooth=5.0,
                    depth=0.8,
                    plate=0.75,
                    **more,
                )
            )
        else:
            more["breaks"] = None
            bones.append(
                make_bone(
                    name,
                    tuple(point),
                    tuple(end),
                    [
                        (0, 5.6 * thick, 5.6 * thick),
                        (0.12, 5.2 * thick, 5.2 * thick),
                        (0.4, 2.9 * thick, 2.9 * thick),
                        (0.7, 2.6 * thick, 2.6 * thick),
                        (0.85, 3.9 * thick, 3.9 * thick),
                        (1, 3.7 * thick, 3.7 * thick),
                    ],
                    [(0, 0.7), (0.4, 1.0), (0.7, 0.9), (1, 0.5)],
                    [(0, 0.25), (0.35, 0.1), (0.65, 0.1), (1, 0.25)],
                    person=person,
                    head=[(-1, -0.2), (0, 0.8), (1, -0.2)],
                    tail=round_end_profile(2.8),
                    smooth=5.0,
                    depth=0.75,
                    plate=0.6,
                    **more,
                )
            )
        gap = 1.2 if i == 0 else 0.8
        point = end + along * gap
        angle += np.deg2rad(rng.uniform(-3.0, 3.0))
    tip = point
    back = knuckle - (tip - knuckle) * 0.18
    flesh = [
        make_sleeve(
            f"flesh {ray}",
            tuple(back),
            tuple(tip + 2.5 * (tip - back) / np.hypot(*(tip - back))),
            [
                (0, 11 * thick, 11 * thick),
                (0.3, 10.4 * thick, 10.4 * thick),
                (0.7, 9 * thick, 9 * thick),
                (1, 7.6 * thick, 7.6 * thick),
            ],
            person=person,
            depth=0.85,
            fat=2.0,
            tip=8.0 * thick,
            root=4.0,
        )
    ]
    if ray == 1:
        flesh.append(
            make_sleeve(
                "thenar",
                (base[0] + 4, base[1] - 14),
                tuple(knuckle + 4),
                [(0, 14, 16), (0.5, 15, 19), (1, 11, 13)],
                person=person,
                depth=0.8,
                fat=3.0,
                tip=9.0,
                root=12.0,
            )
        )
    return bones, flesh


def _hand_bones(rng: np.random.Generator, person: Person) -> tuple[list[Bone], list[Bone], tuple[str, ...]]:
    """Make carpals, metacarpals and phalanges, their soft tissue, and the names of all parts."""
    pebble = partial(make_pebble, person=person, rng=rng)
    bones = [
        pebble("scaphoid", (-6.0, 4.6), (-18.0, 17.0), 5.8, 5.6, waist=0.12),
        pebble("lunate", (2.2, -0.8), (2.0, 13.4), 8.2, 7.0),
        pebble("triquetrum", (14.2, 2.6), (12.2, 15.6), 6.4, 7.0),
        pebble("pisiform", (15.5, 5.5), (15.5, 14.5), 4.9, 4.9),
        pebble("trapezium", (-18.5, 15.5), (-21.5, 26.5), 7.0, 7.6, round_by=0.3),
        pebble("trapezoid", (-10.5, 19.5), (-10.8, 31.0), 5.6, 6.4, round_by=0.3),
        pebble("capitate", (-0.6, 12.6), (-0.8, 33.6), 6.6, 7.4, waist=0.1, round_by=0.26),
        pebble("hamate", (8.0, 14.6), (12.0, 32.4), 5.2, 9.0, round_by=0.28),
        pebble("hook of the hamate", (11.0, 20.0), (11.6, 26.0), 3.0, 3.0, depth=1.6),
    ]
    spread = rng.uniform(0.75, 1.25)
    stretch = rng.uniform(0.96, 1.04)
    rays = (
        (1, (-23.5, 27.5), -27.0 - 10 * spread, (45.0, 31.0, 22.0), 1.06),
        (2, (-11.8, 32.6), -9.0 * spread - 1, (67.0, 40.0, 23.0, 17.0), 1.0),
        (3, (-0.9, 35.2), -1.0 * spread, (65.0, 44.0, 27.0, 18.0), 1.0),
        (4, (8.4, 34.2), 7.5 * spread, (58.0, 41.0, 26.0, 18.0), 0.92),
        (5, (16.8, 32.4), 15.0 * spread + 2, (53.0, 33.0, 18.5, 16.0), 0.88),
    )
    flesh: list[Bone] = [
        make_sleeve(
            "palm",
            (0, -12),
            (-2, 104),
            [(0, 29, 27), (0.3, 32, 31), (0.65, 36, 36), (0.85, 33, 38), (1, 28, 34)],
            person=person,
            depth=0.4,
            fat=3.0,
            tip=9.0,
            root=6.0,
        )
    ]
    for ray, base, tilt, lengths, thick in rays:
        tilt += rng.uniform(-1.5, 1.5)
        more, around = _finger(rng, person, ray, base, tilt, [stretch * length for length in lengths], thick)
        bones += more
        flesh += around
    thumb = bones[9].at(bones[9].length - 3.0)
    for name, side in (("sesamoid a", -3.2), ("sesamoid b", 3.6)):
        centre = thumb + side * bones[9].across
        tip = centre + 4.5 * bones[9].along
        bones.append(pebble(name, tuple(centre), tuple(tip), 2.2, 2.2))
    return bones, flesh, tuple(part.name for part in (*bones, *flesh))


def _forearm_bones(
    person: Person, rng: np.random.Generator, followers: tuple[str, ...]
) -> tuple[list[Bone], list[Bone]]:
    """Make radius and ulna, which extend beyond the image edge, and the soft tissue of the forearm."""
    long = 250.0
    side = float(rng.uniform(-1.5, 1.5))
    radius = make_bone(
        "radius",
        (-9.0, -long),
        (-7.0, 0.0),
        [
            (0, 8, 8),
            (0.4, 7.2, 7.2),
            (0.7, 7.8, 7.8),
            (0.84, 9, 9),
            (0.9, 11.5, 11),
            (0.95, 15, 13.5),
            (0.985, 16.5, 15.4),
            (1, 15.5, 15),
        ],
        [(0, 3.2), (0.6, 3.3), (0.76, 2.8), (0.86, 1.9), (0.93, 1.1), (1, 0.8)],
        [(0, 0.02), (0.7, 0.03), (0.82, 0.09), (0.92, 0.2), (1, 0.27)],
        person=person,
        smooth=2.4,
        depth=0.82,
        bow=-6.0 + side,
        cap=4.0,
        tail=[
            (-1, 2.0),
            (-0.88, 7.4),
            (-0.7, 7.0),
            (-0.4, 2.8),
            (0, 0.0),
            (0.5, -1.6),
            (0.88, -2.2),
            (1, -5.0),
        ],
        followers=(*followers, "wrist"),
        breaks=(0.3 * long, 0.945 * long),
        buckles=True,
    )
    ulna = make_bone(
        "ulna",
        (8.5 + side, -long),
        (16.0, -3.0),
        [
            (0, 9, 9),
            (0.4, 7.2, 7.2),
            (0.7, 6, 6),
            (0.88, 5.6, 5.6),
            (0.94, 7.2, 7),
            (0.98, 8.8, 8.2),
            (1, 8.4, 8.2),
        ],
        [(0, 3.2), (0.6, 3.0), (0.8, 2.3), (0.9, 1.5), (0.96, 0.9), (1, 0.8)],
        [(0, 0.02), (0.75, 0.03), (0.86, 0.1), (0.94, 0.2), (1, 0.26)],
        person=person,
        smooth=2.4,
        depth=0.95,
        bow=2.0,
        cap=4.0,
        tail=[
            (-1, -4.5),
            (-0.7, -0.6),
            (-0.2, 0.4),
            (0.35, 0.0),
            (0.5, 2.0),
            (0.7, 5.4),
            (0.86, 5.4),
            (1, 0.0),
        ],
        breaks=(0.3 * long, 0.93 * long),
        buckles=True,
    )
    flesh = [
        make_sleeve(
            "forearm",
            (1, -long - 10),
            (0, 2),
            [(0, 47, 46), (0.4, 42, 40), (0.65, 34, 33), (0.85, 29, 29), (1, 29, 30)],
            person=person,
            depth=0.78,
            fat=4.5,
            tip=18.0,
        ),
        # Moves with the hand if the radius is fractured, so that no bone lacks soft tissue.
        make_sleeve(
            "wrist",
            (1, -80),
            (0, 14),
            [(0, 24, 23), (0.6, 28, 27), (1, 28, 27)],
            person=person,
            depth=0.68,
            fat=4.0,
            tip=6.0,
            root=30.0,
        ),
    ]
    return [radius, ulna], flesh


def _leg_bones(rng: np.random.Generator, person: Person) -> tuple[list[Bone], list[Bone]]:
    """Make tibia, fibula and foot bones in frontal view, with their soft tissue."""
    pebble = partial(make_pebble, person=person, rng=rng)
    foot = [
        pebble("talus", (0.4, 4.3), (1.0, 28.0), 17.5, 22.0, depth=0.95, round_by=0.14),
        pebble("calcaneus", (4.0, 22.0), (6.0, 62.0), 18.0, 20.0, depth=1.1, round_by=0.2),
        pebble("navicular", (-6.0, 22.0), (-9.0, 40.0), 19.0, 17.0, depth=0.5, round_by=0.3),
        pebble("cuboid", (14.0, 30.0), (17.0, 52.0), 13.0, 12.0, depth=0.7, round_by=0.3),
    ]
    for ray, x in enumerate((-17.0, -8.0, 1.0, 9.0), start=1):
        foot.append(
            pebble(
                f"metatarsal {ray}",
                (x, 40.0 + 2 * ray),
                (1.3 * x, 90.0),
                7.0,
                6.0,
                depth=1.6,
                round_by=0.1,
            )
        )
    long = 300.0
    close = float(rng.uniform(-1.2, 1.2))
    tibia = make_bone(
        "tibia",
        (0.0, -long),
        (0.0, 0.0),
        [
            (0, 20, 20),
            (0.2, 14, 14),
            (0.4, 12, 12),
            (0.7, 11, 11),
            (0.82, 12.6, 12.2),
            (0.89, 16, 15),
            (0.95, 21, 18.4),
            (1, 23, 19.6),
        ],
        [(0, 4), (0.3, 5), (0.65, 4.8), (0.8, 3.4), (0.89, 1.9), (0.95, 1.2), (1, 1.0)],
        [(0, 0.03), (0.6, 0.03), (0.78, 0.06), (0.9, 0.17), (1, 0.26)],
        person=person,
        smooth=2.6,
        depth=0.95,
        cap=5.0,
        bow=float(rng.uniform(-2, 2)),
        tail=[
            (-1, 6.0),
            (-0.9, 11.5),
            (-0.72, 12.0),
            (-0.58, 7.0),
            (-0.5, 1.4),
            (-0.4, 0.0),
            (0, -0.8),
            (0.5, 0.2),
            (0.9, 0.8),
            (1, -2.0),
        ],
        followers=(*(bone.name for bone in foot), "ankle", "foot"),
        breaks=(0.36 * long, 0.95 * long),
        buckles=True,
    )
    fibula = make_bone(
        "fibula",
        (27.0, -long),
        (27.5 + close, 24.0),
        [
            (0, 5.6, 5.6),
            (0.4, 6.2, 6.2),
            (0.75, 5.4, 5.4),
            (0.84, 6.2, 6.2),
            (0.92, 8.8, 8.8),
            (0.96, 8.6, 8.0),
            (1, 6.4, 6.0),
        ],
        [(0, 2.4), (0.7, 2.5), (0.82, 1.9), (0.92, 1.1), (1, 0.8)],
        [(0, 0.03), (0.7, 0.04), (0.84, 0.12), (0.93, 0.22), (1, 0.25)],
        person=person,
        smooth=2.4,
        depth=1.1,
        cap=5.0,
        bow=float(rng.uniform(-4, 0)),
        tail=round_end_profile(8.0),
        breaks=(0.36 * long, 0.93 * long),
        buckles=False,
    )
    flesh = [
        make_sleeve(
            "calf",
            (10, -long - 20),
            (6, 44),
            [(0, 60, 56), (0.35, 54, 50), (0.6, 43, 42), (0.78, 36, 38), (0.88, 36, 38), (1, 38, 39)],
            person=person,
            depth=1.0,
            fat=6.0,
            tip=10.0,
        ),
        # Moves with the foot if the tibia is fractured, so that no bone lacks soft tissue.
        make_sleeve(
            "ankle",
            (6, -85),
            (6, 44),
            [(0, 28, 30), (0.6, 34, 36), (1, 38, 39)],
            person=person,
            depth=0.85,
            fat=5.0,
            tip=10.0,
            root=34.0,
        ),
        make_sleeve(
            "foot",
            (4, -6),
            (0, 130),
            [(0, 28, 30), (0.25, 35, 36), (0.5, 42, 41), (1, 44, 44)],
            person=person,
            depth=1.2,
            fat=5.0,
            root=28.0,
        ),
    ]
    return [*foot, tibia, fibula], flesh


def draw_limb(region: str, rng: np.random.Generator) -> Limb:
    """Draw one person's limb.

    Args:
        region: one of `PHANTOM_REGIONS`.
        rng: random generator; the same state gives the same person.

    Returns:
        The limb.

    Raises:
        ValueError: The region is not in `PHANTOM_REGIONS`.
    """
    stout, wall, spongy, flesh = rng.uniform((0.93, 0.8, 0.75, 0.92), (1.07, 1.15, 1.2, 1.12))
    person = Person(float(stout), float(wall), float(spongy), float(flesh))
    if region == "leg":
        bones, around = individual_shape(*_leg_bones(rng, person), rng)
        low = float(rng.uniform(45, 62))
        height = float(rng.uniform(225, 265))
        weights = {"tibia": 0.62, "fibula": 0.38}
        return Limb(region, bones, around, (9.0, low - height / 2), (height, 110.0), False, weights)
    if region == "hip":
        bones, around = individual_shape(*hip_bones(rng, person), rng)
        centre = (float(rng.uniform(-8, 2)), float(rng.uniform(22, 34)))
        height = float(rng.uniform(225, 255))
        weights = {"femoral neck": 0.4, "trochanters": 0.34, "femoral shaft": 0.26}
        return Limb(region, bones, around, centre, (height, 176.0), False, weights, exposure=THICK)
    if region not in PHANTOM_REGIONS:
        raise ValueError(f"Expected a region of {', '.join(PHANTOM_REGIONS)}, but got {region!r}.")
    hand, skin, names = _hand_bones(rng, person)
    arm, sleeve = _forearm_bones(person, rng, names)
    bones, around = individual_shape([*arm, *hand], [*sleeve, *skin], rng)
    if region == "forearm":
        top = float(rng.uniform(48, 80))
        height = float(rng.uniform(205, 245))
        weights = {"radius": 0.64, "ulna": 0.36}
        return Limb(region, bones, around, (0.0, top - height / 2), (height, 110.0), True, weights)
    weights = {}
    for bone in bones:
        kind, _, ray = bone.name.partition(" ")
        if kind in ("metacarpal", "proximal", "middle") and ray:
            weights[bone.name] = {"metacarpal": 0.12, "proximal": 0.065, "middle": 0.02}[kind]
    top = float(rng.uniform(206, 214))
    height = float(rng.uniform(228, 250))
    return Limb(region, bones, around, (-16.0, top - height / 2), (height, 178.0), True, weights)
