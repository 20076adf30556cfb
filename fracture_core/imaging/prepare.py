"""Preprocessing of radiographs for the model, shared by training, evaluation and the app."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fracture_core.imaging.letterbox_transform import LetterboxTransform
from fracture_core.imaging.radiograph import Radiograph

#: Scale and offset that convert 0–255 to the value range of a model, by the name in its card.
SCALINGS = {
    "unit": (1 / 255, 0.0),  # 0…1
    "signed": (1 / 127.5, -1.0),  # −1…1, MobileNetV2
}


@dataclass(frozen=True)
class InputSpec:
    """Input format of a model.

    Attributes:
        height: canvas rows.
        width: canvas columns.
        channels: 1, or 3 for backbones trained on colour images; the grey value is then repeated.
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
            raise ValueError(f"expected one of the scalings {', '.join(SCALINGS)}, got {self.scaling!r}")


def letterbox(
    pixels: NDArray[np.floating], height: int, width: int
) -> tuple[NDArray[np.uint8], LetterboxTransform]:
    """Fit an image onto a black canvas without cropping or distortion.

    Args:
        pixels: grey levels in 0–1, float (rows, columns).
        height: canvas rows.
        width: canvas columns.

    Returns:
        The canvas, uint8 (height, width), and the transform between image and canvas. Eight bits are also what
        the training cache stores, so that training and prediction use the same values.
    """
    transform = LetterboxTransform.fit((pixels.shape[0], pixels.shape[1]), (height, width))
    rows, columns = transform.size
    # Area averaging preserves thin lines when an image is reduced. It is not suitable for enlarging.
    shrinks = rows < pixels.shape[0]
    small = cv2.resize(
        np.ascontiguousarray(pixels, np.float32),
        (columns, rows),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )
    canvas = np.zeros((height, width), np.uint8)
    inside = np.rint(np.clip(small, 0.0, 1.0) * 255).astype(np.uint8)
    canvas[transform.top : transform.top + rows, transform.left : transform.left + columns] = inside
    return canvas, transform


def normalise_canvas(canvas: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.float32]:
    """Convert canvas values to the value range and channels of a model.

    Args:
        canvas: uint8 (..., height, width).
        spec: input format of the model.

    Returns:
        float32 (..., height, width, channels).
    """
    scale, offset = SCALINGS[spec.scaling]
    scaled = canvas.astype(np.float32) * np.float32(scale) + np.float32(offset)
    return np.asarray(np.repeat(scaled[..., None], spec.channels, axis=-1), np.float32)


def prepare_input(radiograph: Radiograph, spec: InputSpec) -> tuple[NDArray[np.float32], LetterboxTransform]:
    """Convert a radiograph to the input of a model.

    Args:
        radiograph: the radiograph.
        spec: input format of the model.

    Returns:
        float32 array (height, width, channels) in the range of `spec.scaling`, and the transform that maps points
        and heatmaps back to the original pixels.

    Example:
        >>> radiograph = Radiograph(np.zeros((300, 200), np.float32), "PNG")
        >>> array, transform = prepare_input(radiograph, InputSpec(64, 64))
        >>> array.shape, transform.size
        ((64, 64, 1), (64, 43))
    """
    canvas, transform = letterbox(radiograph.pixels, spec.height, spec.width)
    return normalise_canvas(canvas, spec), transform
