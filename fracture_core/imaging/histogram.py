"""How the grey levels of an image are spread, measured once for all who ask."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

# The levels a screen shows. Counting them is far cheaper than sorting pixels.
_TOP = 255
_SAMPLE = 256

#: Shades that an eye tells apart, each 0.04 wide.
BIN_COUNT = 25


@dataclass(frozen=True, eq=False)
class GreyHistogram:
    """The grey levels of an image, reduced to at most 256 pixels a side.

    Attributes:
        pixels: uint8 (rows, columns), the reduced image, cropped to what no display shutter hides.
        counts: int (256,), pixels by level, without those that are shuttered.
        visible: bool (rows, columns), which of `pixels` count; None for all.
    """

    pixels: np.ndarray
    counts: np.ndarray
    visible: np.ndarray | None = None

    @classmethod
    def of(cls, pixels: np.ndarray, shuttered: np.ndarray | None = None) -> "GreyHistogram":
        """Measures an image.

        Args:
            pixels: float32 (rows, columns), 0–1.
            shuttered: bool (rows, columns), True on pixels that must not count; None for none.
        """
        if shuttered is None or shuttered.all():
            return cls._measure(pixels, None)
        rows, columns = (np.flatnonzero(~shuttered.all(axis=axis)) for axis in (1, 0))
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        return cls._measure(pixels[part], shuttered[part] if shuttered[part].any() else None)

    @classmethod
    def _measure(cls, pixels: np.ndarray, shuttered: np.ndarray | None) -> "GreyHistogram":
        scale = min(1.0, _SAMPLE / max(pixels.shape))
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        whole = np.ascontiguousarray(pixels, np.float32)
        small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA) if scale < 1 else whole
        levels = cv2.convertScaleAbs(small, alpha=_TOP)
        visible = None
        if shuttered is not None:
            share = cv2.resize(shuttered.astype(np.float32), small.shape[::-1], interpolation=cv2.INTER_AREA)
            # A reduced pixel is a mixture where it touches what is hidden.
            visible = share == 0 if (share == 0).any() else share < 1
        mask = None if visible is None else visible.astype(np.uint8)
        counts = cv2.calcHist([levels], [0], mask, [_TOP + 1], [0, _TOP + 1]).ravel().astype(np.int64)
        return cls(levels, counts, visible)

    def percentile(self, share: float) -> float:
        """The level, 0–1, below which a share (0–1) of the pixels lies."""
        total = self._cumulative
        return float(np.searchsorted(total, max(share * total[-1], 1)) / _TOP)

    @property
    def range(self) -> float:
        """Brightest minus darkest level, 0–1."""
        found = np.flatnonzero(self.counts)
        return float((found[-1] - found[0]) / _TOP)

    @cached_property
    def mean(self) -> float:
        """Mean level, 0–1."""
        return float(self.counts @ np.arange(_TOP + 1) / (self.counts.sum() * _TOP))

    @property
    def standard_deviation(self) -> float:
        """Standard deviation of the levels, 0–1."""
        levels = np.arange(_TOP + 1) / _TOP
        return float(np.sqrt(self.counts @ (levels - self.mean) ** 2 / self.counts.sum()))

    @cached_property
    def fullest_bin_share(self) -> float:
        """Share of the pixels in the fullest of `BIN_COUNT` shades."""
        edges = np.ceil(np.arange(BIN_COUNT) * _TOP / BIN_COUNT).astype(int)
        return float(np.add.reduceat(self.counts, edges).max() / self.counts.sum())

    def share_below(self, level: float) -> float:
        """Share of the pixels darker than a level (0–1)."""
        return float(self.counts[: int(np.ceil(level * _TOP))].sum() / self.counts.sum())

    def share_above(self, level: float) -> float:
        """Share of the pixels brighter than a level (0–1)."""
        return float(self.counts[int(level * _TOP) + 1 :].sum() / self.counts.sum())

    @property
    def border_level(self) -> float:
        """Median level of the outer 5%, 0–1."""
        edge = max(1, round(min(self.pixels.shape) * 0.05))
        outer = np.ones(self.pixels.shape, bool)
        outer[edge:-edge, edge:-edge] = False
        if self.visible is not None and (outer & self.visible).any():
            outer &= self.visible
        return float(np.median(self.pixels[outer]) / _TOP)

    @cached_property
    def _cumulative(self) -> np.ndarray:
        return np.cumsum(self.counts)
