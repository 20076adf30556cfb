"""Difficulty levels: how visible the fractures of a synthetic dataset are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difficulty:
    """How visible the fractures are, and how much of the limb is on the image.

    Properties of the image (`share`, `wander`, `plain`) also apply without a fracture, so that they are
    independent of the label.

    Attributes:
        share: share of the region's usual field that is on the image, 0–1. Below 1 the image is centred on a
            place where this limb may be fractured, whether or not it is.
        wander: maximum distance of that place from the centre, as a share of the image.
        plain: whether side markers and collimated borders are left out. Their strong edges distract small
            networks.
        paired: whether the two images of a pair, with and without a fracture, show the same limb in the same
            position, so that only the fracture differs.
        severity: minimum and maximum severity, 0–1; scales gap, displacement and angulation.
        gap: minimum and maximum factor of the gap.
        shift: minimum displacement as a share of the maximum.
        subtle: whether impacted and buckle fractures are drawn, which are hardly visible.
    """

    share: float
    wander: float
    plain: bool
    paired: bool
    severity: tuple[float, float]
    gap: tuple[float, float]
    shift: float
    subtle: bool


#: Levels by name. A small network learns from a few hundred easy images; realistic ones need far more.
DIFFICULTIES = {
    "easy": Difficulty(0.5, 0.14, True, True, (0.8, 1.0), (1.2, 2.0), 0.4, False),
    "realistic": Difficulty(1.0, 0.0, False, False, (0.25, 1.0), (0.5, 1.0), 0.0, True),
}
