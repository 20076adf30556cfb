"""Batches for Keras, in an order and with variations that depend on seed and epoch alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import keras
import numpy as np

from fracture_core.imaging import InputSpec, normalise_canvas
from fracture_core.training.augment import augment_image
from fracture_core.training.crops import CropSettings, choose_crop, crop_label
from fracture_core.training.map_targets import IDENTITY, cell_targets
from fracture_core.zoo import Augmentation
from fracture_core.zoo.architecture import (
    FRACTURE_MAP_LAYER,
    LOGIT_LAYER,
    OVERSAMPLE,
    SAMPLE_ALL,
    UNDERSAMPLE,
)


class ImageSource(Protocol):
    """Films that can be asked for by their numbers."""

    def __getitem__(self, index: np.ndarray, /) -> np.ndarray:
        """uint8 (len(index), height, width)."""


@dataclass(frozen=True, eq=False)
class FractureBoxes:
    """Where films are broken, for a network with a fracture map.

    Attributes:
        stride: pixels a cell of the map spans.
        boxes: for each film what `cell_targets` takes.
    """

    stride: int
    boxes: Sequence[np.ndarray | None]


class Batches(keras.utils.PyDataset):
    """Films, labels and weights, batch by batch.

    Two threads make batches while the network learns from others. OpenCV releases the interpreter
    while it warps, and a film takes a fraction of a millisecond, so the network never waits.

    Args:
        canvases: uint8 (n, height, width).
        labels: int (n,).
        weights: float (n,), weight of each film in the loss.
        spec: the network's input.
        batch: films a batch; the last may be smaller.
        augmentation: variations, or None for the films as they are, in order.
        seed: with the epoch, decides order and variations.
        epoch: the epoch that is served first.
        marks: where the films are broken; targets and weights are then dictionaries by layer.
        negatives: films without a fracture that an epoch shows for each with one, others each epoch;
            0 shows all.
        sampling: which films an epoch shows; see `TrainingConfig`.
        doubled: whether an epoch shows every film twice, once mirrored.
        crops: how films are cropped; needs `marks` and `augmentation`. None for whole films only.
        frequencies: float (n,), how often a film is shown relative to others of its label; None for equally often.
            Not with a sampling or `doubled`.
    """

    def __init__(
        self,
        canvases: ImageSource,
        labels: np.ndarray,
        weights: np.ndarray,
        spec: InputSpec,
        batch: int,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        epoch: int = 0,
        marks: FractureBoxes | None = None,
        negatives: float = 0,
        sampling: str = SAMPLE_ALL,
        doubled: bool = False,
        crops: CropSettings | None = None,
        frequencies: np.ndarray | None = None,
    ):
        super().__init__(workers=2, use_multiprocessing=False, max_queue_size=8)
        self._canvases = canvases
        self._labels = labels
        self._weights = weights
        self._spec = spec
        self._batch = batch
        self._augmentation = augmentation
        self._seed = seed
        self._epoch = epoch
        self._marks = marks
        self._negatives = negatives
        self._sampling = sampling
        self._doubled = doubled
        self._crops = crops
        self._frequencies = frequencies
        self._order = self._shuffled()

    def __len__(self) -> int:
        """Batches an epoch."""
        return -(-len(self._order) // self._batch)

    @property
    def images_per_epoch(self) -> int:
        """Films an epoch shows, each as often as it is shown."""
        return len(self._order)

    def __getitem__(self, index: int) -> tuple:
        """One batch: inputs (b, height, width, channels), labels (b, 1), weights (b,)."""
        shown = self._order[index * self._batch : (index + 1) * self._batch]
        # A number beyond the films is that of a film's mirror image.
        chosen, mirrored = shown % len(self._labels), shown >= len(self._labels)
        films = self._canvases[np.sort(chosen)][np.argsort(np.argsort(chosen))]
        moves = np.tile(IDENTITY, (len(chosen), 1, 1))
        labels = self._labels[chosen].astype(np.float32)[:, None]
        weights = self._weights[chosen].astype(np.float32)
        if self._augmentation is not None:
            looks = self._variation_keys(index, shown)
            frames = [
                self._frame(film, number, look)
                for film, number, look in zip(films, chosen.tolist(), looks, strict=True)
            ]
            varied = [
                augment_image(
                    film,
                    self._augmentation,
                    np.random.default_rng((self._seed, self._epoch, look)),
                    bool(mirror),
                    frame,
                )
                for film, mirror, look, frame in zip(films, mirrored, looks, frames, strict=True)
            ]
            films, moves = (np.stack(parts) for parts in zip(*varied, strict=True))
            self._relabel(chosen, frames, moves, films.shape[1:], labels, weights)
        inputs = normalise_canvas(films, self._spec)
        if self._marks is None:
            return inputs, labels, weights
        cells = np.stack(
            [
                cell_targets(self._marks.boxes[number], move, films.shape[1:], self._marks.stride)
                for number, move in zip(chosen.tolist(), moves, strict=True)
            ]
        )
        return (
            inputs,
            {LOGIT_LAYER: labels, FRACTURE_MAP_LAYER: cells},
            {LOGIT_LAYER: weights, FRACTURE_MAP_LAYER: np.ones_like(weights)},
        )

    def _frame(self, film: np.ndarray, number: int, look: int) -> np.ndarray | None:
        """The crop of one look, or None for the whole film."""
        if self._crops is None or self._marks is None:
            return None
        # A generator of its own: the variations stay the same with and without crops.
        rng = np.random.default_rng((self._seed, self._epoch, look, 1))
        return choose_crop(film, self._marks.boxes[number], self._crops, rng)

    def _relabel(
        self,
        chosen: np.ndarray,
        frames: list[np.ndarray | None],
        moves: np.ndarray,
        canvas: tuple[int, int],
        labels: np.ndarray,
        weights: np.ndarray,
    ) -> None:
        """Gives crops of fractured films their own labels and weights, in place.

        Ambiguous crops get no weight: they train the map only.
        """
        if self._crops is None or self._marks is None:
            return
        for place, number in enumerate(chosen.tolist()):
            if frames[place] is None or not self._labels[number]:
                continue
            label = crop_label(self._marks.boxes[number], moves[place], canvas)
            if label is None:
                weights[place] = 0
            else:
                labels[place] = label
                weights[place] = self._crops.label_weights[label]

    def on_epoch_end(self) -> None:
        """Moves on to the next epoch's order."""
        self._epoch += 1
        self._order = self._shuffled()

    def _variation_keys(self, index: int, shown: np.ndarray) -> list[int]:
        """What tells one look at a film from another within an epoch."""
        if self._sampling == OVERSAMPLE or self._frequencies is not None:
            # The same film comes several times, varied otherwise each time.
            return [index * self._batch + place for place in range(len(shown))]
        return [int(number) for number in shown]

    def _shuffled(self) -> np.ndarray:
        order = np.arange(len(self._labels))
        if self._augmentation is not None:
            rng = np.random.default_rng((self._seed, self._epoch))
            broken, calm = (order[self._labels == label] for label in (1, 0))
            if self._frequencies is not None:
                shown = min(len(calm), round(self._negatives * len(broken))) if self._negatives else len(calm)
                order = np.concatenate(
                    [
                        part[_systematic_sample(self._frequencies[part], count, rng)]
                        for part, count in ((broken, len(broken)), (calm, shown))
                    ]
                )
            elif self._negatives:
                shown = min(len(calm), round(self._negatives * len(broken)))
                order = np.concatenate([broken, rng.choice(calm, shown, replace=False)])
            elif self._sampling != SAMPLE_ALL:
                fewer, more = sorted((broken, calm), key=len)
                if self._sampling == UNDERSAMPLE:
                    more = rng.choice(more, len(fewer), replace=False)
                else:
                    again = rng.choice(fewer, len(more) % len(fewer), replace=False)
                    fewer = np.concatenate([np.tile(fewer, len(more) // len(fewer)), again])
                order = np.concatenate([fewer, more])
            if self._doubled:
                order = np.concatenate([order, order + len(self._labels)])
            rng.shuffle(order)
        return order


def _systematic_sample(weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draws positions in proportion to their weights, as evenly as possible (systematic sampling).

    A position whose expected number of draws is c is drawn ⌊c⌋ or ⌈c⌉ times.

    Args:
        weights: float (n,), above 0.
        count: how many to draw.
        rng: source of randomness.

    Returns:
        int (count,).
    """
    order = rng.permutation(len(weights))
    edges = np.cumsum(weights[order])
    points = (np.arange(count) + rng.random()) * edges[-1] / count
    return order[np.minimum(np.searchsorted(edges, points, side="right"), len(weights) - 1)]
