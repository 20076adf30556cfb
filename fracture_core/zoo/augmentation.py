"""How far training films are varied."""

from dataclasses import dataclass

#: The widest range of each variation that still leaves a film to learn from; the narrowest is 0.
AUGMENTATION_LIMITS = {
    "rotation": 180.0,
    "shift": 0.5,
    "zoom": 0.5,
    "brightness": 0.5,
    "contrast": 0.9,
    "gamma": 1.0,
    "clahe": 1.0,
    "resolution": 3.0,
    "noise": 0.2,
}


@dataclass(frozen=True)
class Augmentation:
    """How far a training film is varied at each look.

    Ranges up to `gamma` are symmetric around no change, the last three begin with none and go one way. From `gamma` on
    they stand for films of other machines.

    Attributes:
        rotation: degrees.
        shift: share of the canvas, along each axis.
        zoom: share of the size.
        flip: whether films are mirrored left to right half of the time.
        brightness: share of the full range that is added or taken away.
        contrast: share by which the spread around the film's mean grows or shrinks.
        gamma: exponents from e^-gamma to e^gamma.
        clahe: share of the looks whose contrast is equalised locally (Zuiderveld 1994, Graphics Gems IV, VIII.5).
        resolution: how much coarser half of the looks are at most: 1 takes every second pixel away along each axis.
        noise: standard deviation at most, as a share of the full range.
    """

    rotation: float = 30.0
    shift: float = 0.1
    zoom: float = 0.2
    flip: bool = True
    brightness: float = 0.15
    contrast: float = 0.35
    gamma: float = 0.0
    clahe: float = 0.0
    resolution: float = 0.0
    noise: float = 0.0
