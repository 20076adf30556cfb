"""Compressed grey values for the image viewer in the browser."""

import gzip
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

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
    """

    packed: bytes
    rows: int
    columns: int
    bits: int

    @classmethod
    def of(cls, pixels: NDArray[np.float32]) -> "PackedPixels":
        """Compress an image.

        Args:
            pixels: grey levels in 0–1, float32 (height, width).
        """
        shrink = min(1.0, _MAX_SIDE / max(pixels.shape))
        if shrink < 1:
            size = max(1, round(pixels.shape[1] * shrink)), max(1, round(pixels.shape[0] * shrink))
            pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
        levels = np.clip(pixels, 0, 1) * np.float32(255)
        rounded = np.rint(levels)
        values: NDArray[np.unsignedinteger]
        if np.abs(levels - rounded).max() < _TOLERANCE:
            values, bits = rounded.astype(np.uint8), 8
        else:
            values, bits = np.rint(np.clip(pixels, 0, 1) * np.float32(65535)).astype("<u2"), 16
        # The fastest level compresses nearly as well as the slowest. A fixed time gives the same bytes every time.
        rows, columns = values.shape
        return cls(gzip.compress(values.tobytes(), 1, mtime=0), rows, columns, bits)

    @property
    def description(self) -> str:
        """Size and depth as text."""
        return f"{self.columns:,} × {self.rows:,} pixels at {self.bits} bits"
