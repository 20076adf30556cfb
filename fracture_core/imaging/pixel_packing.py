"""Compressed grey values for the image viewer in the browser."""

import gzip
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fracture_core.imaging.pixel_values import PixelValues
from fracture_core.imaging.radiograph import Radiograph

# Longer side in pixels above which an image is reduced: three times the resolution of the largest diagnostic displays.
_MAX_SIDE = 6000

# Largest rounding error, in 8-bit levels, for which an image is stored with eight bits.
_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class PackedPixels:
    """Compressed grey values in row-major order.

    Attributes:
        packed: gzip of uint8 or little-endian uint16 values, (rows, columns).
        rows: number of rows.
        columns: number of columns.
        bits: 8 if that is lossless, otherwise 16.
        top: highest possible value; 255 or 65535 is white, unless these are pixel values of a DICOM file.
    """

    packed: bytes
    rows: int
    columns: int
    bits: int
    top: int

    @classmethod
    def of(cls, pixels: NDArray[np.float32]) -> "PackedPixels":
        """Compress the grey levels of an image.

        Args:
            pixels: grey levels in 0–1, float32 (height, width).
        """
        pixels = _reduce(pixels)
        levels = np.clip(pixels, 0, 1) * np.float32(255)
        rounded = np.rint(levels)
        values: NDArray[np.unsignedinteger]
        if np.abs(levels - rounded).max() < _TOLERANCE:
            values, bits = rounded.astype(np.uint8), 8
        else:
            values, bits = np.rint(np.clip(pixels, 0, 1) * np.float32(65535)).astype("<u2"), 16
        return cls._compress(values, bits, (1 << bits) - 1)

    @classmethod
    def of_values(cls, values: PixelValues) -> "PackedPixels":
        """Compress the pixel values of a DICOM image, as levels from 0 to `values.top`.

        Args:
            values: the pixel values.
        """
        levels = values.levels
        if max(levels.shape) > _MAX_SIDE:
            levels = np.rint(_reduce(levels.astype(np.float32))).astype(np.uint16)
        bits = 8 if values.top <= 255 else 16
        return cls._compress(levels.astype("u1" if bits == 8 else "<u2"), bits, values.top)

    @classmethod
    def of_radiograph(cls, radiograph: Radiograph) -> "PackedPixels":
        """Compress a radiograph: its pixel values if it has any, else its grey levels.

        Args:
            radiograph: the radiograph.
        """
        if radiograph.values is None:
            return cls.of(radiograph.shown)
        return cls.of_values(radiograph.values)

    @classmethod
    def _compress(cls, values: NDArray[np.unsignedinteger], bits: int, top: int) -> "PackedPixels":
        # The fastest level compresses nearly as well as the slowest. A fixed time gives the same bytes every time.
        rows, columns = values.shape
        return cls(gzip.compress(values.tobytes(), 1, mtime=0), rows, columns, bits, top)

    @property
    def description(self) -> str:
        """Size and depth as text."""
        return f"{self.columns:,} × {self.rows:,} pixels at {self.bits} bits"


def _reduce(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reduce an image whose longer side is above the limit."""
    shrink = min(1.0, _MAX_SIDE / max(pixels.shape))
    if shrink == 1:
        return pixels
    size = max(1, round(pixels.shape[1] * shrink)), max(1, round(pixels.shape[0] * shrink))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
