"""What makes one person's limb unlike another's: everything a little elsewhere, longer, wider.

Without it all hands of a set would be one hand up to position and exposure, and a finder of copies would rightly
say so.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fracture_core.phantom.bone import PROFILE_STEPS, Bone

# The limb is displaced by a sum of waves of these lengths in mm: long ones move whole fingers, short ones single bones.
_WAVES, _SHORTEST, _LONGEST = 10, 45.0, 180.0

# Spreads: in mm of the displacement in each direction; of one bone's width, as a share; of its width from place to
# place; in mm of how far the middle of a bone 100 mm long lies off its usual axis.
_DISPLACED, _WIDER, _UNEVEN, _BOWED = 2.5, 0.05, 0.04, 1.2


def individual_shape(
    bones: Sequence[Bone], flesh: Sequence[Bone], rng: np.random.Generator
) -> tuple[tuple[Bone, ...], tuple[Bone, ...]]:
    """Draws one person's shape.

    Args:
        bones: the bones of the mean limb, in mm.
        flesh: the sleeves of soft tissue around them.
        rng: where the shape comes from.

    Returns:
        The same bones and sleeves, displaced smoothly, so that neighbours stay neighbours; each bone wider or
        narrower by its own share, parts of one solid alike.
    """
    length = np.exp(rng.uniform(np.log(_SHORTEST), np.log(_LONGEST), _WAVES))
    towards = rng.uniform(0, 2 * np.pi, _WAVES)
    waves = 2 * np.pi / length[:, None] * np.column_stack([np.cos(towards), np.sin(towards)])
    phase = rng.uniform(0, 2 * np.pi, _WAVES)
    # Long waves carry more, so that none of them squeezes or stretches much.
    strength = rng.standard_normal((_WAVES, 2)) * (length / length.max())[:, None]
    strength *= _DISPLACED / max(float(np.sqrt((strength**2).sum() / 4)), 1e-6)

    def moved(point: np.ndarray) -> np.ndarray:
        return np.asarray(point + np.sin(waves @ point + phase) @ strength)

    def reshaped(bone: Bone, wider: float, uneven: float) -> Bone:
        start, end = moved(bone.start), moved(bone.end)
        longer = float(np.hypot(*(end - start))) / bone.length
        breaks = None if bone.breaks is None else (longer * bone.breaks[0], longer * bone.breaks[1])
        sides = [wider * (1.0 + uneven * _smooth(rng)) for _ in range(2)]
        bow = bone.bow + _BOWED * uneven / _UNEVEN * bone.length / 100 * float(
            np.clip(rng.standard_normal(), -2, 2)
        )
        return replace(
            bone,
            start=start,
            end=end,
            breaks=breaks,
            bow=bow,
            left=sides[0] * bone.left,
            right=sides[1] * bone.right,
        )

    widths: dict[str, float] = {}
    for bone in bones:
        widths.setdefault(bone.weld or bone.name, 1.0 + _WIDER * float(np.clip(rng.standard_normal(), -2, 2)))
    # Parts of one solid meet without a step only where their profiles stay as they are.
    return (
        tuple(
            reshaped(bone, widths[bone.weld or bone.name], 0.0 if bone.weld else _UNEVEN) for bone in bones
        ),
        tuple(reshaped(sleeve, 1.0, 0.0) for sleeve in flesh),
    )


def _smooth(rng: np.random.Generator) -> np.ndarray:
    """(STEPS,) a smooth curve of about unit spread."""
    share = np.linspace(0.0, np.pi, PROFILE_STEPS)[:, None]
    waves = np.cos(share * np.arange(1, 6) + rng.uniform(0, 2 * np.pi, 5)) * rng.standard_normal(5)
    return np.asarray(waves.sum(axis=1) / np.sqrt(2.5))
