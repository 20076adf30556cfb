"""Heatmaps of a network by all methods, and the images on which they are tested."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import keras
import numpy as np
import scipy
from numpy.typing import NDArray

from fracture_core.datasets.cases import Box
from fracture_core.explain.explainer import Explainer
from fracture_core.explain.localisation import boxes_to_mask, measuring_transform
from fracture_core.explain.methods import FRACTURE_MAP, GRAD_CAM, HEATMAP_METHODS
from fracture_core.explain.split_model import SplitModel
from fracture_core.imaging import LetterboxTransform, normalise_canvas
from fracture_core.registry.card import ModelCard
from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER

_Item = TypeVar("_Item")


@dataclass(frozen=True, eq=False)
class MarkedRadiograph:
    """One fractured image of the trust tests.

    Attributes:
        canvas: letterboxed image, uint8 (height, width).
        transform: transform between image and canvas.
        mask: marked fracture on the image at the measuring size, bool (height, width).
        group: images of one group are resampled together.
    """

    canvas: NDArray[np.uint8]
    transform: LetterboxTransform
    mask: NDArray[np.bool_]
    group: str

    @classmethod
    def of_boxes(
        cls, canvas: NDArray[np.uint8], size: tuple[int, int], boxes: Sequence[Box], group: str
    ) -> MarkedRadiograph:
        """Return an image with marked boxes, given as fractions of the image."""
        transform = LetterboxTransform.fit(size, (canvas.shape[0], canvas.shape[1]))
        return cls(canvas, transform, boxes_to_mask(boxes, measuring_transform(transform).source), group)

    def resample(self, grid: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return a map of the canvas on the image at the measuring size."""
        return measuring_transform(self.transform).to_source(grid)


class HeatmapSource:
    """Heatmaps of one network by all methods that can be tested.

    Args:
        card: card of the model.
        model: its network.

    Attributes:
        methods: names of the methods, in the order of `HEATMAP_METHODS`.
    """

    def __init__(self, card: ModelCard, model: keras.Model):
        self._explainer = Explainer(model, SplitModel(model, card.heatmap_layer), card.input)
        self._spec = card.input
        has_map = any(layer.name == FRACTURE_MAP_LAYER for layer in model.layers)
        self._map = keras.Model(model.input, model.get_layer(FRACTURE_MAP_LAYER).output) if has_map else None
        available = {GRAD_CAM.name, *card.heatmap_scales, *([FRACTURE_MAP.name] if has_map else [])}
        self.methods = tuple(name for name in HEATMAP_METHODS if name in available)

    def compute(self, canvas: NDArray[np.uint8], methods: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """Compute heatmaps of *fracture*.

        Args:
            canvas: letterboxed image, uint8 (height, width).
            methods: names of methods.

        Returns:
            float32 (rows, columns) by method, 0 or more.
        """
        inputs = normalise_canvas(canvas[None], self._spec)
        wanted = tuple(methods)
        found = self._explainer.heatmaps(inputs, [(name, 1) for name in wanted if name != FRACTURE_MAP.name])
        maps = {name: grid for (name, _), grid in found.items()}
        if FRACTURE_MAP.name in wanted and self._map is not None:
            logits = self._map.predict_on_batch(inputs)[0, ..., 0]
            maps[FRACTURE_MAP.name] = np.asarray(scipy.special.expit(logits), np.float32)
        return {name: maps[name] for name in wanted}


def without_slow(methods: Iterable[str], slow: bool) -> tuple[str, ...]:
    """Return the methods, without those that take seconds unless `slow`."""
    return tuple(name for name in methods if slow or not HEATMAP_METHODS[name].slow)


def spread(items: Sequence[_Item], count: int) -> list[_Item]:
    """Return at most so many items, evenly spaced."""
    if not items:
        return []
    places = np.unique(np.linspace(0, len(items) - 1, count).round().astype(int))
    return [items[place] for place in places]
