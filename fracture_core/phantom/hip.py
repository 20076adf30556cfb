"""Hip in frontal view: proximal femur, half of the pelvis, and soft tissue.

The centre of the femoral head is the origin. Sizes are those of an average adult in anatomy textbooks: a head
of 48 mm, a neck-shaft angle of 125–130°, a shaft 28 mm wide.
"""

from functools import partial

import numpy as np

from fracture_core.phantom.bone import Bone
from fracture_core.phantom.bone_shapes import Person, make_bone, make_sleeve, mirror_end, round_end_profile

# Radius of the femoral head and width of the joint space, mm.
_HEAD, _JOINT = 24.0, 4.0


def _femur(rng: np.random.Generator, person: Person) -> list[Bone]:
    """Make the parts of the proximal femur: neck, trochanteric region, shaft and both trochanters."""
    angle = np.deg2rad(float(rng.uniform(33.0, 41.0)))
    along = np.array([np.cos(angle), np.sin(angle)])
    radius = _HEAD * person.stout
    neck = make_bone(
        "femoral neck",
        tuple(-radius * along),
        tuple(62.0 * along),
        [
            (0, 24, 24),
            (0.33, 24, 24),
            (0.42, 22, 22),
            (0.5, 18.5, 18.5),
            (0.62, 16.5, 16.5),
            (0.74, 18, 18),
            (0.88, 22, 24),
            (1, 23, 26),
        ],
        [(0, 1.0), (0.4, 1.0), (0.55, 2.0), (0.75, 2.2), (1, 1.4)],
        [(0, 0.27), (0.4, 0.25), (0.62, 0.19), (0.8, 0.15), (1, 0.14)],
        person=person,
        head=mirror_end(round_end_profile(radius)),
        tail=round_end_profile(14.0),
        depth=0.95,
        plate=1.2,
        cap=radius,
        smooth=3.0,
        breaks=(0.5 * (radius + 62.0), 0.74 * (radius + 62.0)),
        weld="femur",
        slant=0.3,
    )
    middle = np.array([43.0, 38.0])
    across = np.array([np.cos(angle + 0.12), np.sin(angle + 0.12)])
    trochanters = make_bone(
        "trochanters",
        tuple(middle - 26.0 * across),
        tuple(middle + 20.0 * across),
        [(0, 13, 15), (0.3, 17, 22), (0.6, 22, 24), (1, 22, 20)],
        [(0, 1.2)],
        [(0, 0.15)],
        person=person,
        head=mirror_end(round_end_profile(8.0)),
        tail=round_end_profile(12.0),
        depth=0.78,
        plate=1.0,
        cap=16.0,
        breaks=(20.0, 32.0),
        weld="femur",
        slant=0.35,
    )
    long = 300.0
    shaft = make_bone(
        "femoral shaft",
        (50.0, 8.0),
        (39.0, 8.0 + long),
        [
            (0, 12, 13),
            (0.07, 20, 16),
            (0.15, 22, 16.5),
            (0.21, 20, 16),
            (0.28, 16.5, 15),
            (0.36, 14.5, 14.5),
            (0.5, 14, 14),
            (1, 14, 14),
        ],
        [(0, 1.0), (0.1, 1.6), (0.2, 3.0), (0.3, 5.0), (0.42, 6.8), (1, 7.4)],
        [(0, 0.15), (0.15, 0.14), (0.28, 0.07), (0.4, 0.03), (1, 0.02)],
        person=person,
        head=mirror_end(round_end_profile(8.0)),
        depth=0.98,
        cap=12.0,
        smooth=2.4,
        bow=float(rng.uniform(1.0, 4.0)),
        breaks=(0.27 * long, 0.42 * long),
        weld="femur",
        slant=0.8,
    )
    greater = make_bone(
        "greater trochanter",
        (56.0 + float(rng.uniform(-1.5, 1.5)), -5.0 + float(rng.uniform(-3, 3))),
        (51.5, 66.0),
        [(0, 8, 8.5), (0.25, 11.5, 11), (0.6, 12, 11), (0.85, 11, 8), (1, 8, 5)],
        [(0, 1.3)],
        [(0, 0.15)],
        person=person,
        head=mirror_end(round_end_profile(9.0, float(rng.uniform(-1, 2)))),
        tail=round_end_profile(12.0),
        depth=1.5,
        cap=12.0,
        weld="femur",
    )
    lesser = make_bone(
        "lesser trochanter",
        (41.0, 38.0),
        (30.0 + float(rng.uniform(-2, 2)), 78.0),
        [(0, 8, 9), (0.6, 9, 9), (0.85, 7.5, 9), (1, 5, 9)],
        [(0, 1.4)],
        [(0, 0.16)],
        person=person,
        head=mirror_end(round_end_profile(8.0)),
        tail=round_end_profile(9.0),
        depth=1.1,
        cap=9.0,
        weld="femur",
    )
    return [neck, trochanters, shaft, greater, lesser]


def _pelvis(rng: np.random.Generator, person: Person) -> list[Bone]:
    """Make the parts of the hemipelvis: ilium, acetabulum, ischium and both pubic rami."""
    socket = _HEAD * person.stout + _JOINT
    # The roof covers the femoral head laterally by 25–35°.
    medial, lateral = 31.0, float(rng.uniform(22.0, 27.0))
    across = [
        (w, person.stout * 0.5 * ((1 + w) * lateral - (1 - w) * medial)) for w in np.linspace(-1, 1, 41)
    ]
    roof = [(w, -float(np.sqrt(max(socket**2 - x * x, 0.0)))) for w, x in across]
    lower = float(rng.uniform(-3.0, 3.0))

    part = partial(make_bone, person=person, weld="pelvis")

    return [
        part(
            "ilium",
            (-20.0, -190.0),
            (-4.0, -30.0),
            [(0, 80, 90), (0.5, 60, 58), (0.68, 40, 38), (0.82, 30, 24), (1, 26, 20)],
            [(0, 1.6), (0.7, 1.8), (1, 2.0)],
            [(0, 0.2), (1, 0.28)],
            tail=round_end_profile(10.0),
            depth=0.17,
            cap=14.0,
        ),
        part(
            "roof of the acetabulum",
            (-8.0, -88.0),
            (0.0, 0.0),
            [(0, 16, 12), (0.35, 23, 17), (0.62, medial, lateral), (1, medial, lateral)],
            [(0, 1.2), (0.6, 1.8), (1, 2.0)],
            [(0, 0.2), (0.6, 0.3), (1, 0.32)],
            head=mirror_end(round_end_profile(18.0)),
            tail=roof,
            depth=0.5,
            plate=3.2,
            cap=7.0,
            smooth=2.5,
        ),
        part(
            "walls of the acetabulum",
            (-12.0, -40.0),
            (-22.0, 34.0 + lower),
            [(0, 18, 12), (0.4, 22, 18), (0.7, 18, 15), (1, 12, 9)],
            [(0, 1.1)],
            [(0, 0.22)],
            head=mirror_end(round_end_profile(16.0)),
            tail=round_end_profile(18.0),
            depth=0.32,
            cap=5.0,
        ),
        part(
            "ischium",
            (-17.0, -66.0),
            (-34.0, 84.0 + lower),
            [(0, 7, 9), (0.2, 11, 12), (0.4, 12, 13), (0.6, 11, 13), (0.82, 15, 17), (1, 15, 14)],
            [(0, 1.6), (0.6, 2.4), (1, 1.6)],
            [(0, 0.16), (0.6, 0.2), (1, 0.3)],
            head=mirror_end(round_end_profile(10.0)),
            tail=round_end_profile(14.0),
            depth=0.95,
            cap=9.0,
            bow=-5.0,
        ),
        part(
            "superior ramus of the pubis",
            (-16.0, -12.0),
            (-104.0, 20.0 + lower),
            [(0, 14, 14), (0.3, 10, 11), (0.6, 8, 8.5), (0.8, 11, 11), (1, 15, 14)],
            [(0, 1.4), (0.5, 2.0), (1, 1.4)],
            [(0, 0.2), (1, 0.25)],
            head=mirror_end(round_end_profile(10.0)),
            tail=round_end_profile(5.0),
            depth=0.85,
            cap=6.0,
            bow=4.0,
        ),
        part(
            "inferior ramus of the pubis",
            (-32.0, 86.0 + lower),
            (-102.0, 30.0 + lower),
            [(0, 11, 11), (0.4, 7.5, 7.5), (0.7, 8, 8), (1, 12, 14)],
            [(0, 1.5), (0.5, 2.0), (1, 1.4)],
            [(0, 0.26), (0.5, 0.15), (1, 0.25)],
            head=mirror_end(round_end_profile(8.0)),
            tail=round_end_profile(5.0),
            depth=0.75,
            cap=6.0,
            bow=-3.0,
        ),
    ]


def hip_bones(rng: np.random.Generator, person: Person) -> tuple[list[Bone], list[Bone]]:
    """Make the bones of one hip, and the soft tissue of trunk and thigh.

    Args:
        rng: random generator.
        person: individual scale factors.

    Returns:
        Bones and sleeves of soft tissue.
    """
    flesh = [
        make_sleeve(
            "trunk",
            (-95.0, -320.0),
            (-95.0, 92.0),
            [(0, 200, 205), (0.7, 205, 205), (1, 190, 185)],
            person=person,
            depth=0.26,
            fat=16.0,
            tip=60.0,
        ),
        make_sleeve(
            "thigh",
            (34.0, -110.0),
            (26.0, 340.0),
            [(0, 60, 66), (0.4, 84, 82), (0.7, 84, 78), (1, 78, 70)],
            person=person,
            depth=0.66,
            fat=12.0,
            root=60.0,
        ),
    ]
    return [*_pelvis(rng, person), *_femur(rng, person)], flesh
