"""Batches for Keras, in an order and with variations that depend on seed and epoch alone."""

from typing import Protocol

import keras
import numpy as np

from fracture_core.imaging import InputSpec, normalise
from fracture_core.training.augment import augment
from fracture_core.zoo import Augmentation


class Canvases(Protocol):
    """Films that can be asked for by their numbers."""

    def __getitem__(self, index: np.ndarray, /) -> np.ndarray:
        """uint8 (len(index), height, width)."""


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
    """

    def __init__(
        self,
        canvases: Canvases,
        labels: np.ndarray,
        weights: np.ndarray,
        spec: InputSpec,
        batch: int,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        epoch: int = 0,
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
        self._order = self._shuffled()

    def __len__(self) -> int:
        """Batches an epoch."""
        return -(-len(self._labels) // self._batch)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One batch: inputs (b, height, width, channels), labels (b, 1), weights (b,)."""
        chosen = self._order[index * self._batch : (index + 1) * self._batch]
        films = self._canvases[np.sort(chosen)][np.argsort(np.argsort(chosen))]
        if self._augmentation is not None:
            films = np.stack(
                [
                    augment(
                        film, self._augmentation, np.random.default_rng((self._seed, self._epoch, number))
                    )
                    for film, number in zip(films, chosen.tolist(), strict=True)
                ]
            )
        labels = self._labels[chosen].astype(np.float32)[:, None]
        return normalise(films, self._spec), labels, self._weights[chosen].astype(np.float32)

    def on_epoch_end(self) -> None:
        """Moves on to the next epoch's order."""
        self._epoch += 1
        self._order = self._shuffled()

    def _shuffled(self) -> np.ndarray:
        order = np.arange(len(self._labels))
        if self._augmentation is not None:
            np.random.default_rng((self._seed, self._epoch)).shuffle(order)
        return order
