"""Augmentation: random changes of the training images."""

from dataclasses import dataclass
from functools import partial

from fracture_core.zoo.training_option import setting

_strength = partial(setting, group="augmentation", minimum=0)
_share = partial(_strength, step=0.01)


@dataclass(frozen=True)
class Augmentation:
    """Strengths of the random changes; each training image is changed anew every time it is shown.

    Ranges up to `gamma` are symmetric around no change; the last three have only one direction. `gamma` and those after
    it imitate images of other X-ray systems and are off by default.

    Attributes:
        rotation: largest angle to either side, in degrees.
        shift: largest shift along each axis, as a share of the image side.
        zoom: largest change of the size, as a share.
        flip: whether half of the images are mirrored left to right.
        brightness: largest change of the grey values, as a share of the full range.
        contrast: largest change of the spread around the image's mean, as a share.
        gamma: strength of the gamma correction; the exponent lies between exp(−gamma) and exp(gamma).
        clahe: share of the images whose contrast is equalised locally (Zuiderveld 1994, Graphics Gems IV, VIII.5).
        resolution: largest loss of resolution of half of the images: 1 removes every second pixel along each axis.
        noise: largest standard deviation of the noise, as a share of the full range.
    """

    rotation: float = _strength(
        30.0,
        label="Rotation",
        unit="°",
        maximum=180,
        step=1,
        display_format="±%.0f°",
        help="Largest rotation to either side, in degrees.",
    )
    shift: float = _share(
        0.1,
        label="Shift",
        maximum=0.5,
        display_format="±%.2f",
        help="Largest shift along each axis, as a share of the image side.",
    )
    zoom: float = _share(
        0.2,
        label="Zoom",
        maximum=0.5,
        display_format="±%.2f",
        help="Largest change of the size, as a share.",
    )
    flip: bool = setting(
        True,
        label="Mirror left to right",
        group="augmentation",
        help="Mirrors half of the images left to right.",
    )
    brightness: float = _share(
        0.15,
        label="Brightness",
        maximum=0.5,
        display_format="±%.2f",
        help="Largest change of the brightness, as a share of the full range.",
    )
    contrast: float = _share(
        0.35,
        label="Contrast",
        maximum=0.9,
        display_format="±%.2f",
        help="Largest change of the contrast, as a share.",
    )
    gamma: float = _share(
        0.0,
        label="Gamma",
        maximum=1.0,
        display_format="±%.2f",
        help="Gamma correction with a random exponent. At 0.4 it lies between 0.67 and 1.49.",
    )
    clahe: float = _share(
        0.0,
        label="Local contrast (CLAHE)",
        maximum=1.0,
        display_format="%.2f",
        help="Share of the images with local contrast equalisation, in tiles of 8 × 8.",
    )
    resolution: float = _strength(
        0.0,
        label="Lower resolution",
        maximum=3.0,
        step=0.05,
        display_format="%.2f",
        help="Largest loss of resolution, applied to half of the images; 1 halves the resolution.",
    )
    noise: float = _strength(
        0.0,
        label="Noise",
        maximum=0.2,
        step=0.005,
        display_format="%.3f",
        help="Largest standard deviation of the noise, as a share of the full range.",
    )
