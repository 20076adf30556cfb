"""The pixel values of a DICOM image before windowing, with the windows of the file, for the image viewer.

The model and every export use the first window of the file. The viewer needs the values that this window cuts off.

Sources: PS3.3 sections C.7.6.3.1.2 (MONOCHROME1), C.11.1 (rescale slope and intercept, Rescale Type), C.11.2 (windows).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fracture_core.imaging import dicom_grayscale, square_pixels
from fracture_core.imaging.dicom_elements import read_items, read_number, read_numbers, read_text, read_texts

# Larger images are shown as windowed by the file: their values would need too much memory.
_MAX_PIXELS = 1 << 24

_MAX_LEVEL = 65535

# Maximum number of windows in the menu, and maximum length of their names.
_MAX_WINDOWS, _MAX_NAME = 16, 40

#: Units of Rescale Type (0028,1054); its other terms have no unit.
_UNITS = {"HU": "HU", "OD": "OD", "MGML": "mg/ml", "PCT": "%"}


@dataclass(frozen=True)
class DisplayWindow:
    """A window of a DICOM file.

    Attributes:
        name: its explanation in the file, or "Window 2".
        black: pixel value that is displayed black; white for MONOCHROME1.
        white: pixel value that is displayed white, above `black`; black for MONOCHROME1.
    """

    name: str
    black: float
    white: float

    def has_contrast(self, lowest: float, highest: float) -> bool:
        """Whether it shows more than one grey level of an image with these values."""
        return max(lowest, self.black) < min(highest, self.white)


@dataclass(frozen=True, eq=False)
class PixelValues:
    """Pixel values of an image.

    Attributes:
        levels: uint16 (height, width); a pixel has the value `first + step × level`. Padding and areas hidden by a
            display shutter have the level that is displayed black.
        top: highest level, at least 1.
        first: value of level 0.
        step: difference between the values of neighbouring levels, above 0.
        units: unit of the values; empty if the file states none.
        windows: windows for display. Radiograph.pixels was made with the first.
        is_inverted: whether low values are bright (MONOCHROME1).
    """

    levels: NDArray[np.uint16]
    top: int
    first: float
    step: float
    units: str
    windows: tuple[DisplayWindow, ...]
    is_inverted: bool


def read_pixel_values(
    stored: NDArray[Any], visible: NDArray[np.bool_], dataset: Dataset, size: tuple[int, int]
) -> PixelValues | None:
    """Read the pixel values of an image and the windows of its file.

    Args:
        stored: stored values, (rows, columns).
        visible: mask of the same shape, False on padding and on areas hidden by a display shutter.
        dataset: the parsed file.
        size: (rows, columns) of the image with square pixels.

    Returns:
        The values; None if display needs more than a linear window (display tables, sigmoid function), or the image
        has more than 16.8 million pixels, more than 65,536 values or no contrast.
    """
    if stored.dtype.kind not in "iu" or max(stored.size, math.prod(size)) > _MAX_PIXELS or not visible.any():
        return None
    if read_items(dataset, "ModalityLUTSequence") or read_items(dataset, "VOILUTSequence"):
        return None
    function = read_text(dataset, "VOILUTFunction") or "LINEAR"
    if function == "SIGMOID":
        return None
    inside = stored[visible]
    lowest, highest = int(inside.min()), int(inside.max())
    slope, intercept = read_number(dataset, "RescaleSlope"), read_number(dataset, "RescaleIntercept")
    if slope is None or intercept is None:
        slope, intercept = 1.0, 0.0
    if not 0 < highest - lowest <= _MAX_LEVEL or not slope > 0:
        return None
    first = intercept + slope * lowest
    windows = _read_windows(dataset, function, first, intercept + slope * highest)
    if not windows:
        values = dicom_grayscale.apply_modality(inside, dataset)
        black, white = dicom_grayscale.compute_full_range(values)
        windows = (DisplayWindow("Full range", black, white),)
    is_inverted = read_text(dataset, "PhotometricInterpretation") == "MONOCHROME1"
    top = highest - lowest
    levels = np.where(visible, stored.astype(np.int32) - lowest, top if is_inverted else 0)
    if size != stored.shape:
        levels = np.rint(square_pixels.resample((levels / top).astype(np.float32), size) * top)
    return PixelValues(
        levels.astype(np.uint16),
        top,
        first,
        slope,
        _UNITS.get(read_text(dataset, "RescaleType"), ""),
        windows,
        is_inverted,
    )


def _read_windows(
    dataset: Dataset, function: str, lowest: float, highest: float
) -> tuple[DisplayWindow, ...]:
    """The windows of a file that show more than one grey level, without duplicates."""
    # C.11.2.1.2.1: LINEAR counts from the middle of pixels.
    shift = 0.0 if function == "LINEAR_EXACT" else 1.0
    names = read_texts(dataset, "WindowCenterWidthExplanation")
    pairs = zip(read_numbers(dataset, "WindowCenter"), read_numbers(dataset, "WindowWidth"), strict=False)
    windows: dict[tuple[float, float], DisplayWindow] = {}
    for number, (centre, width) in enumerate(list(pairs)[:_MAX_WINDOWS], 1):
        black = centre - shift / 2 - (width - shift) / 2
        name = names[number - 1].strip()[:_MAX_NAME] if number <= len(names) else ""
        window = DisplayWindow(name or f"Window {number}", black, black + width - shift)
        usable = math.isfinite(window.black) and math.isfinite(window.white)
        if usable and window.has_contrast(lowest, highest):
            windows.setdefault((window.black, window.white), window)
    return tuple(windows.values())
