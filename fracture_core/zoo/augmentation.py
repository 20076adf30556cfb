"""How far training films are varied."""

from dataclasses import dataclass

#: The widest range of each variation that still leaves a film to learn from; the narrowest is 0.
WIDEST = {"rotation": 180.0, "shift": 0.5, "zoom": 0.5, "brightness": 0.5, "contrast": 0.9}


@dataclass(frozen=True)
class Augmentation:
    """How far a training film is varied at each look; every range is symmetric around no change.

    Attributes:
        rotation: degrees.
        shift: share of the canvas, along each axis.
        zoom: share of the size.
        flip: whether films are mirrored left to right half of the time.
        brightness: share of the full range that is added or taken away.
        contrast: share by which the spread around the film's mean grows or shrinks.
    """

    rotation: float = 30.0
    shift: float = 0.1
    zoom: float = 0.2
    flip: bool = True
    brightness: float = 0.15
    contrast: float = 0.35
