"""Histogram of grey levels and the statistics derived from it."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

# The highest 8-bit level. Counting levels is much faster than sorting pixels.
_TOP = 255
_SAMPLE = 256

#: Number of bins of distinguishable shades, each 0.04 wide.
BIN_COUNT = 25


@dataclass(frozen=True, eq=False)
class GreyHistogram:
    """Histogram of an image that was reduced to at most 256 pixels per side.

    Attributes:
        pixels: the reduced image, uint8 (rows, columns), cropped to the area inside the display shutter.
        counts: number of visible pixels by level, int64 (256,).
        visible: mask (rows, columns) of the visible `pixels`; None if all are visible.
    """

    pixels: NDArray[np.uint8]
    counts: NDArray[np.int64]
    visible: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, pixels: NDArray[np.float32], shuttered: NDArray[np.bool_] | None = None) -> "GreyHistogram":
        """Compute the histogram of an image.

        Args:
            pixels: grey levels in 0–1, float32 (rows, columns).
            shuttered: mask (rows, columns) of pixels hidden by a display shutter; None if none are hidden.
        """
        if shuttered is None or shuttered.all():
            return cls._measure(pixels, None)
        rows, columns = (np.flatnonzero(~shuttered.all(axis=axis)) for axis in (1, 0))
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        return cls._measure(pixels[part], shuttered[part] if shuttered[part].any() else None)

    @classmethod
    def _measure(cls, pixels: NDArray[np.float32], shuttered: NDArray[np.bool_] | None) -> "GreyHistogram":
        scale = min(1.0, _SAMPLE / max(pixels.shape))
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        whole = np.ascontiguousarray(pixels, np.float32)
        small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA) if scale < 1 else whole
        levels = np.asarray(cv2.convertScaleAbs(small, alpha=_TOP), np.uint8)
        visible = None
        if shuttered is not None:
            share = cv2.resize(shuttered.astype(np.float32), small.shape[::-1], interpolation=cv2.INTER_AREA)
            # A reduced pixel at the edge of the shutter is a mixture of visible and hidden pixels.
            visible = share == 0 if (share == 0).any() else share < 1
        mask = None if visible is None else visible.astype(np.uint8)
        counts = cv2.calcHist([levels], [0], mask, [_TOP + 1], [0, _TOP + 1]).ravel().astype(np.int64)
        return cls(levels, counts, visible)

    def percentile(self, share: float) -> float:
        """Return the level (0–1) below which a share (0–1) of the pixels lies."""
        cumulative = self._cumulative
        return float(np.searchsorted(cumulative, max(share * cumulative[-1], 1)) / _TOP)

    @property
    def range(self) -> float:
        """Brightest minus darkest level, in 0–1."""
        levels = np.flatnonzero(self.counts)
        return float((levels[-1] - levels[0]) / _TOP)

    @cached_property
    def mean(self) -> float:
        """Mean level, in 0–1."""
        return float(self.counts @ np.arange(_TOP + 1) / (self.counts.sum() * _TOP))

    @property
    def standard_deviation(self) -> float:
        """Standard deviation of the levels, in 0–1."""
        levels = np.arange(_TOP + 1) / _TOP
        return float(np.sqrt(self.counts @ (levels - self.mean) ** 2 / self.counts.sum()))

    @cached_property
    def fullest_bin_share(self) -> float:
        """Share of the pixels in the most frequent of `BIN_COUNT` bins."""
        edges = np.ceil(np.arange(BIN_COUNT) * _TOP / BIN_COUNT).astype(int)
        return float(np.add.reduceat(self.counts, edges).max() / self.counts.sum())

    def share_below(self, level: float) -> float:
        """Return the share of the pixels darker than a level (0–1)."""
        return float(self.counts[: int(np.ceil(level * _TOP))].sum() / self.counts.sum())

    def share_above(self, level: float) -> float:
        """Return the share of the pixels brighter than a level (0–1)."""
        return float(self.counts[int(level * _TOP) + 1 :].sum() / self.counts.sum())

    @property
    def border_level(self) -> float:
        """Median level of the outer 5% of the image, in 0–1."""
        edge = max(1, round(min(self.pixels.shape) * 0.05))
        outer = np.ones(self.pixels.shape, bool)
        outer[edge:-edge, edge:-edge] = False
        if self.visible is not None and (outer & self.visible).any():
            outer &= self.visible
        return float(np.median(self.pixels[outer]) / _TOP)

    @cached_property
    def _cumulative(self) -> NDArray[np.int64]:
        return np.asarray(np.cumsum(self.counts), np.int64)
