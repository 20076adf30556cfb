"""How the grey levels of an image are spread, measured once for all who ask."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

# The levels a screen shows. Counting them is far cheaper than sorting pixels.
_TOP = 255
_SAMPLE = 256

#: Shades that an eye tells apart, each 0.04 wide.
SHADES = 25


@dataclass(frozen=True, eq=False)
class Tones:
    """The grey levels of an image, reduced to at most 256 pixels a side.

    Attributes:
        pixels: uint8 (rows, columns), the reduced image.
        counts: int (256,), pixels by level.
    """

    pixels: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, pixels: np.ndarray) -> "Tones":
        """Measures an image, float32 (rows, columns), 0–1."""
        scale = min(1.0, _SAMPLE / max(pixels.shape))
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        whole = np.ascontiguousarray(pixels, np.float32)
        small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA) if scale < 1 else whole
        levels = cv2.convertScaleAbs(small, alpha=_TOP)
        return cls(
            levels, cv2.calcHist([levels], [0], None, [_TOP + 1], [0, _TOP + 1]).ravel().astype(np.int64)
        )

    def percentile(self, share: float) -> float:
        """The level, 0–1, below which a share (0–1) of the pixels lies."""
        total = self._running
        return float(np.searchsorted(total, max(share * total[-1], 1)) / _TOP)

    @property
    def span(self) -> float:
        """Brightest minus darkest level, 0–1."""
        found = np.flatnonzero(self.counts)
        return float((found[-1] - found[0]) / _TOP)

    @cached_property
    def mean(self) -> float:
        """Mean level, 0–1."""
        return float(self.counts @ np.arange(_TOP + 1) / (self.counts.sum() * _TOP))

    @property
    def spread(self) -> float:
        """Standard deviation of the levels, 0–1."""
        levels = np.arange(_TOP + 1) / _TOP
        return float(np.sqrt(self.counts @ (levels - self.mean) ** 2 / self.counts.sum()))

    @cached_property
    def largest_shade(self) -> float:
        """Share of the pixels in the fullest of `SHADES` shades."""
        edges = np.ceil(np.arange(SHADES) * _TOP / SHADES).astype(int)
        return float(np.add.reduceat(self.counts, edges).max() / self.counts.sum())

    def share_below(self, level: float) -> float:
        """Share of the pixels darker than a level (0–1)."""
        return float(self.counts[: int(np.ceil(level * _TOP))].sum() / self.counts.sum())

    def share_above(self, level: float) -> float:
        """Share of the pixels brighter than a level (0–1)."""
        return float(self.counts[int(level * _TOP) + 1 :].sum() / self.counts.sum())

    @property
    def border(self) -> float:
        """Median level of the outer 5%, 0–1."""
        edge = max(1, round(min(self.pixels.shape) * 0.05))
        inner = self.pixels[edge:-edge]
        parts = (self.pixels[:edge], self.pixels[-edge:], inner[:, :edge], inner[:, -edge:])
        return float(np.median(np.concatenate([part.ravel() for part in parts])) / _TOP)

    @cached_property
    def _running(self) -> np.ndarray:
        return np.cumsum(self.counts)
