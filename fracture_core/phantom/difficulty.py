"""How hard the fractures of a set are to see: as in practice, or plain enough to teach a small network."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difficulty:
    """How obvious the fractures are, and how much of the limb is on the film.

    Applies to intact films alike where it is about the film (`share`, `wander`), so that it tells nothing of
    the label.

    Attributes:
        share: how much of the region's usual field is on the film, 0–1; below 1 the film is centred on a
            place where this limb may break, whether or not it is broken there.
        wander: how far that place may lie off the middle, as a share of the film.
        plain: whether side markers and collimated borders are left out; their edges are the strongest on the
            film, and draw the attention of a network that has seen little.
        paired: whether the two films of a pair, one intact and one broken, show the same limb in the same
            position, so that nothing but the fracture differs.
        severity: the mildest and the worst, 0–1; scales gap, displacement and angulation.
        gap: between which factors the gap is drawn.
        shift: the least displacement, as a share of the greatest.
        subtle: whether fragments may be driven into each other and buckle fractures are drawn; these are
            hardly seen.
    """

    share: float
    wander: float
    plain: bool
    paired: bool
    severity: tuple[float, float]
    gap: tuple[float, float]
    shift: float
    subtle: bool


#: By name. A small network learns from a few hundred easy films; realistic ones ask for far more.
DIFFICULTIES = {
    "easy": Difficulty(0.5, 0.14, True, True, (0.8, 1.0), (1.2, 2.0), 0.4, False),
    "realistic": Difficulty(1.0, 0.0, False, False, (0.25, 1.0), (0.5, 1.0), 0.0, True),
}
