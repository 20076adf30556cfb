"""How the grey levels of an image are spread, measured once for all who ask."""

from dataclasses import dataclass

import cv2
import numpy as np

# Levels of a thousandth tell a film's tones apart; counting them is far cheaper than sorting pixels.
_LEVELS = 1000
_SAMPLE = 256

#: Shades that an eye tells apart, each 0.04 wide.
SHADES = 25


@dataclass(frozen=True, eq=False)
class Tones:
    """The grey levels of an image, reduced to at most 256 pixels a side.

    Attributes:
        pixels: float32 (rows, columns), 0–1, the reduced image.
        counts: int (1001,), pixels by level in thousandths.
    """

    pixels: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, pixels: np.ndarray) -> "Tones":
        """Measures an image, float (rows, columns), 0–1."""
        scale = min(1.0, _SAMPLE / max(pixels.shape))
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        small = cv2.resize(np.ascontiguousarray(pixels, np.float32), size, interpolation=cv2.INTER_AREA)
        levels = (small * _LEVELS + 0.5).astype(np.int16).ravel()
        return cls(small, np.bincount(np.clip(levels, 0, _LEVELS), minlength=_LEVELS + 1))

    def percentile(self, share: float) -> float:
        """The level below which a share (0–1) of the pixels lies."""
        total = np.cumsum(self.counts)
        return float(np.searchsorted(total, max(share * total[-1], 1)) / _LEVELS)

    @property
    def span(self) -> float:
        """Brightest minus darkest level."""
        found = np.flatnonzero(self.counts)
        return float((found[-1] - found[0]) / _LEVELS)

    @property
    def mean(self) -> float:
        """Mean level."""
        return float(self.counts @ np.arange(_LEVELS + 1) / (self.counts.sum() * _LEVELS))

    @property
    def spread(self) -> float:
        """Standard deviation of the levels."""
        levels = np.arange(_LEVELS + 1) / _LEVELS
        return float(np.sqrt(self.counts @ (levels - self.mean) ** 2 / self.counts.sum()))

    @property
    def largest_shade(self) -> float:
        """Share of the pixels in the fullest of `SHADES` shades."""
        shades = self.counts[:-1].reshape(SHADES, -1).sum(axis=1)
        shades[-1] += self.counts[-1]
        return float(shades.max() / self.counts.sum())

    def share_below(self, level: float) -> float:
        """Share of the pixels darker than a level (0–1)."""
        return float(self.counts[: round(level * _LEVELS)].sum() / self.counts.sum())

    def share_above(self, level: float) -> float:
        """Share of the pixels brighter than a level (0–1)."""
        return float(self.counts[round(level * _LEVELS) + 1 :].sum() / self.counts.sum())

    @property
    def border(self) -> float:
        """Median level of the outer 5%."""
        edge = max(1, round(min(self.pixels.shape) * 0.05))
        inner = self.pixels[edge:-edge]
        parts = (self.pixels[:edge], self.pixels[-edge:], inner[:, :edge], inner[:, -edge:])
        return float(np.median(np.concatenate([part.ravel() for part in parts])))
