"""Individual anatomy: random displacement, length, width and curvature of the bones.

Without these differences all hands of a dataset would be near-duplicates of each other.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fracture_core.phantom.bone import PROFILE_STEPS, Bone

# The limb is displaced by a sum of waves of these lengths in mm. Long waves move fingers, short waves single bones.
_WAVES, _SHORTEST, _LONGEST = 10, 45.0, 180.0

# Standard deviations: displacement in each direction (mm), relative width of a bone, relative width along a bone,
# and bow of a bone 100 mm long (mm).
_DISPLACEMENT, _WIDTH, _UNEVENNESS, _BOW = 2.5, 0.05, 0.04, 1.2


def individual_shape(
    bones: Sequence[Bone], flesh: Sequence[Bone], rng: np.random.Generator
) -> tuple[tuple[Bone, ...], tuple[Bone, ...]]:
    """Draw the shape of one person's limb.

    Args:
        bones: the bones of the average limb, in mm.
        flesh: the sleeves of soft tissue around them.
        rng: random generator.

    Returns:
        The bones and sleeves, displaced smoothly so that neighbours stay neighbours. Each bone has its own
        relative width; the parts of one solid share it.
    """
    length = np.exp(rng.uniform(np.log(_SHORTEST), np.log(_LONGEST), _WAVES))
    direction = rng.uniform(0, 2 * np.pi, _WAVES)
    waves = 2 * np.pi / length[:, None] * np.column_stack([np.cos(direction), np.sin(direction)])
    phase = rng.uniform(0, 2 * np.pi, _WAVES)
    # Long waves have larger amplitudes, so that no wave compresses or stretches much.
    amplitude = rng.standard_normal((_WAVES, 2)) * (length / length.max())[:, None]
    amplitude *= _DISPLACEMENT / max(float(np.sqrt((amplitude**2).sum() / 4)), 1e-6)

    def displace(point: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(point + np.sin(waves @ point + phase) @ amplitude)

    def reshape(bone: Bone, width: float, unevenness: float) -> Bone:
        start, end = displace(bone.start), displace(bone.end)
        stretch = float(np.hypot(*(end - start))) / bone.length
        breaks = None if bone.breaks is None else (stretch * bone.breaks[0], stretch * bone.breaks[1])
        sides = [width * (1.0 + unevenness * _smooth_curve(rng)) for _ in range(2)]
        bow = bone.bow + _BOW * unevenness / _UNEVENNESS * bone.length / 100 * float(
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
        widths.setdefault(bone.weld or bone.name, 1.0 + _WIDTH * float(np.clip(rng.standard_normal(), -2, 2)))
    # The profiles of parts of one solid must not change, so that they meet without a step.
    return (
        tuple(
            reshape(bone, widths[bone.weld or bone.name], 0.0 if bone.weld else _UNEVENNESS) for bone in bones
        ),
        tuple(reshape(sleeve, 1.0, 0.0) for sleeve in flesh),
    )


def _smooth_curve(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a smooth curve (STEPS,) of about unit standard deviation."""
    share = np.linspace(0.0, np.pi, PROFILE_STEPS)[:, None]
    waves = np.cos(share * np.arange(1, 6) + rng.uniform(0, 2 * np.pi, 5)) * rng.standard_normal(5)
    return np.asarray(waves.sum(axis=1) / np.sqrt(2.5))
