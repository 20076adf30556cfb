"""Radiograph to model input: the one preprocessing of training, evaluation and the app."""

from dataclasses import dataclass

import cv2
import numpy as np

from fracture_core.imaging.letterbox_transform import LetterboxTransform
from fracture_core.imaging.radiograph import Radiograph

#: Value range a network expects, by the name a model card carries: (scale, offset) on 0–255.
SCALINGS = {
    "unit": (1 / 255, 0.0),  # 0…1
    "signed": (1 / 127.5, -1.0),  # −1…1, MobileNetV2
}


@dataclass(frozen=True)
class InputSpec:
    """What a network wants to be fed.

    Attributes:
        height: canvas rows.
        width: canvas columns.
        channels: 1, or 3 for backbones made for colour (the grey value is repeated).
        scaling: a key of `SCALINGS`.
    """

    # Read by pydantic when a model card is loaded.
    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    height: int
    width: int
    channels: int = 1
    scaling: str = "unit"

    def __post_init__(self) -> None:
        if self.scaling not in SCALINGS:
            raise ValueError(f"expected a scaling out of {', '.join(SCALINGS)}, got {self.scaling!r}")


def letterbox(pixels: np.ndarray, height: int, width: int) -> tuple[np.ndarray, LetterboxTransform]:
    """Fits an image onto a black canvas, never cropped and never stretched.

    Args:
        pixels: float array (rows, columns) in 0–1.
        height: canvas rows.
        width: canvas columns.

    Returns:
        The canvas, uint8 (height, width), and the `LetterboxTransform` of the image on it. Eight bits are
        what a screen shows and what training caches, so both see the same numbers.
    """
    placement = LetterboxTransform.fit((pixels.shape[0], pixels.shape[1]), (height, width))
    rows, columns = placement.size
    # Area averaging keeps thin lines from vanishing when shrinking; it is no use for enlarging.
    shrinks = rows < pixels.shape[0]
    small = cv2.resize(
        np.ascontiguousarray(pixels, np.float32),
        (columns, rows),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )
    canvas = np.zeros((height, width), np.uint8)
    inside = np.rint(np.clip(small, 0.0, 1.0) * 255).astype(np.uint8)
    canvas[placement.top : placement.top + rows, placement.left : placement.left + columns] = inside
    return canvas, placement


def normalise_canvas(canvas: np.ndarray, spec: InputSpec) -> np.ndarray:
    """Canvas values to the network's value range and channels.

    Args:
        canvas: uint8 (..., height, width).
        spec: the network's input.

    Returns:
        float32 (..., height, width, channels).
    """
    scale, offset = SCALINGS[spec.scaling]
    scaled = canvas.astype(np.float32) * np.float32(scale) + np.float32(offset)
    return np.repeat(scaled[..., None], spec.channels, axis=-1)


def prepare_input(radiograph: Radiograph, spec: InputSpec) -> tuple[np.ndarray, LetterboxTransform]:
    """A film as the network sees it.

    Args:
        radiograph: the film.
        spec: the network's input.

    Returns:
        float32 array (height, width, channels) in the range of `spec.scaling`, and the `LetterboxTransform`
        that maps points and maps back to the original pixels.
    """
    canvas, placement = letterbox(radiograph.pixels, spec.height, spec.width)
    return normalise_canvas(canvas, spec), placement
