"""Similarity of the heatmaps of the same images under different conditions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fracture_core.evaluation.clustered_mean import clustered_mean
from fracture_core.evaluation.interval import Interval
from fracture_core.explain.heatmap_similarity import (
    rank_correlation,
    structural_similarity,
    to_compared_grid,
)
from fracture_core.explain.trust_record import Similarity
from fracture_core.inference.heatmap_source import HeatmapSource, MarkedRadiograph, spread, without_slow

#: Number of images on which slow methods are compared.
SLOW_COMPARED = 6

# Pixels by which the canvas is shifted, and the other small changes; see `trust_record.IMAGE_CHANGES`.
_SHIFT, _JPEG_QUALITY, _CONTRAST = 2, 80, 1.05

#: Heatmaps per image that `HeatmapComparison.under_changes` computes: two shifts, JPEG and contrast.
CHANGED_HEATMAPS = 4

_Heatmaps = dict[str, NDArray[np.float32]]


class HeatmapComparison:
    """Similarity of a network's heatmaps with others of the same images.

    Args:
        source: heatmaps of the network.
        images: images to compare.
        advance: called after each image.
    """

    def __init__(
        self, source: HeatmapSource, images: Sequence[MarkedRadiograph], advance: Callable[[], None]
    ):
        self._source, self._images, self._advance = source, images, advance
        self._with_slow = {id(image) for image in spread(images, SLOW_COMPARED)}
        self._own = self._heatmaps(source)

    def with_network(self, source: HeatmapSource) -> dict[str, Similarity]:
        """Compare with the heatmaps of another network, or of the same one after its weights were changed."""
        return self._compare(self._own, self._heatmaps(source))

    def under_changes(self) -> dict[str, dict[str, Similarity]]:
        """Compare with the heatmaps of slightly changed images."""
        shifted = [
            self._compare(self._own, self._heatmaps(self._source, _shift(pixels), _shift(-pixels)))
            for pixels in (_SHIFT, -_SHIFT)
        ]
        return {
            # The less similar direction counts.
            "shift": {
                name: min((one[name] for one in shifted), key=lambda same: same.rank.value)
                for name in self._source.methods
            },
            "jpeg": self._compare(self._own, self._heatmaps(self._source, _compress)),
            "window": self._compare(self._own, self._heatmaps(self._source, _add_contrast)),
        }

    def between_images(self) -> dict[str, Similarity]:
        """Compare each image with the next one."""
        result = {}
        for name in self._source.methods:
            present = [grids[name] for grids in self._own if name in grids]
            pairs = list(zip(present, present[1:] + present[:1], strict=True)) if len(present) > 1 else []
            result[name] = _similarity(pairs, [str(number) for number in range(len(pairs))])
        return result

    def between_methods(self) -> dict[str, Interval]:
        """Compare each pair of methods on the same images."""
        result = {}
        for one, other in combinations(self._source.methods, 2):
            both = [
                (grids[one], grids[other], image.group)
                for grids, image in zip(self._own, self._images, strict=True)
                if one in grids and other in grids
            ]
            result[f"{one}|{other}"] = clustered_mean(
                [rank_correlation(first, second) for first, second, _ in both],
                [group for *_, group in both],
            )
        return result

    def _compare(self, first: Sequence[_Heatmaps], second: Sequence[_Heatmaps]) -> dict[str, Similarity]:
        result = {}
        for name in self._source.methods:
            pairs, groups = [], []
            for one, other, image in zip(first, second, self._images, strict=True):
                if name in one and name in other:
                    pairs.append((one[name], other[name]))
                    groups.append(image.group)
            result[name] = _similarity(pairs, groups)
        return result

    def _heatmaps(
        self,
        source: HeatmapSource,
        change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None = None,
        undo: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None,
    ) -> list[_Heatmaps]:
        """Compute the heatmaps of all images on the grid on which they are compared."""
        result = []
        for image in self._images:
            canvas = change(image.canvas) if change else image.canvas
            wanted = without_slow(self._source.methods, id(image) in self._with_slow)
            grids = source.compute(canvas, [name for name in wanted if name in source.methods])
            if undo:
                size = canvas.shape[1], canvas.shape[0]
                grids = {
                    name: undo(np.asarray(cv2.resize(grid, size, interpolation=cv2.INTER_LINEAR), np.float32))
                    for name, grid in grids.items()
                }
            result.append({name: to_compared_grid(grid) for name, grid in grids.items()})
            self._advance()
        return result


def _similarity(
    pairs: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]], groups: Sequence[str]
) -> Similarity:
    return Similarity(
        clustered_mean([rank_correlation(*pair) for pair in pairs], groups),
        clustered_mean([structural_similarity(*pair) for pair in pairs], groups),
    )


def _shift(pixels: int) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return a function that moves an image right and down; edges are repeated."""

    def shift(image: NDArray[Any]) -> NDArray[Any]:
        padded = np.pad(image, abs(pixels), mode="edge")
        start = abs(pixels) - pixels
        return padded[start : start + image.shape[0], start : start + image.shape[1]]

    return shift


def _compress(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    _, data = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def _add_contrast(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    stretched = (canvas.astype(np.float32) - 127.5) * _CONTRAST + 127.5
    return np.asarray(np.clip(np.rint(stretched), 0, 255), np.uint8)
