"""The grey values of a film, packed for a program that draws them itself."""

import gzip
from dataclasses import dataclass

import cv2
import numpy as np

#: Pixels on the longer side beyond which a film is reduced: three times what the largest screens for radiographs show.
_LONGEST = 6000

# A film is kept at eight bits when no pixel would move by more than this, in steps of eight bits.
_EXACT = 1e-3


@dataclass(frozen=True, eq=False)
class PackedPixels:
    """Grey values, row by row.

    Attributes:
        packed: gzip of uint8, or of little-endian uint16, (rows, columns).
        rows: of what is packed.
        columns: likewise.
        bits: 8 where that loses nothing, else 16.
    """

    packed: bytes
    rows: int
    columns: int
    bits: int

    @classmethod
    def of(cls, pixels: np.ndarray) -> "PackedPixels":
        """Packs a film.

        Args:
            pixels: float32 (height, width) in 0–1.
        """
        shrink = min(1.0, _LONGEST / max(pixels.shape))
        if shrink < 1:
            size = max(1, round(pixels.shape[1] * shrink)), max(1, round(pixels.shape[0] * shrink))
            pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        levels = np.clip(pixels, 0, 1) * np.float32(255)
        whole = np.rint(levels)
        if np.abs(levels - whole).max() < _EXACT:
            values, bits = whole.astype(np.uint8), 8
        else:
            values, bits = np.rint(np.clip(pixels, 0, 1) * np.float32(65535)).astype("<u2"), 16
        # The fastest level saves nearly as much as the slowest; a fixed time makes the same film the same bytes.
        rows, columns = values.shape
        return cls(gzip.compress(values.tobytes(), 1, mtime=0), rows, columns, bits)

    @property
    def description(self) -> str:
        """What is sent, in words."""
        return f"{self.columns:,} × {self.rows:,} pixels at {self.bits} bits"
