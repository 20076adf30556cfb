"""Bytes to a film, to a network's input, and back to pixels for the screen."""

import cv2

from fracture_core.imaging.gate import Gate, GateState, check
from fracture_core.imaging.greys import Greys
from fracture_core.imaging.overlay import STRONG, blend, contours, layer, legend, to_png
from fracture_core.imaging.placement import Placement
from fracture_core.imaging.prepare import InputSpec, letterbox, normalise, prepare
from fracture_core.imaging.radiograph import Radiograph
from fracture_core.imaging.read import read
from fracture_core.imaging.tones import Tones

# Many films are worked on at a time in threads of our own; OpenCV's inside each would only wait for one another.
cv2.setNumThreads(1)

__all__ = [
    "STRONG",
    "Gate",
    "GateState",
    "Greys",
    "InputSpec",
    "Placement",
    "Radiograph",
    "Tones",
    "blend",
    "check",
    "contours",
    "layer",
    "legend",
    "letterbox",
    "normalise",
    "prepare",
    "read",
    "to_png",
]
