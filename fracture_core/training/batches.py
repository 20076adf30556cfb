"""Training batches for Keras, whose order and augmentation depend only on seed and epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from fracture_core.imaging import InputSpec, normalise_canvas
from fracture_core.training.augment import augment_image
from fracture_core.training.crops import CropSettings, choose_crop, crop_label
from fracture_core.training.fracture_map import IDENTITY, cell_targets
from fracture_core.zoo import Augmentation
from fracture_core.zoo.architecture import (
    FRACTURE_MAP_LAYER,
    LOGIT_LAYER,
    OVERSAMPLE,
    SAMPLE_ALL,
    UNDERSAMPLE,
)


class ImageSource(Protocol):
    """Source of letterboxed images."""

    def __getitem__(self, index: NDArray[np.intp], /) -> NDArray[np.uint8]:
        """Return images by their numbers, uint8 (len(index), height, width)."""


@dataclass(frozen=True, eq=False)
class FractureBoxes:
    """Bounding boxes of the fractures, for a network with a fracture map.

    Attributes:
        stride: Pixels per cell of the map.
        boxes: Boxes of each image as in `cell_targets`, float (n, 4) or None.
    """

    stride: int
    boxes: Sequence[NDArray[np.float64] | None]


class Batches(keras.utils.PyDataset):
    """Batches of images, labels and weights.

    Two threads prepare batches during training. OpenCV releases the GIL and needs a fraction of a millisecond per
    image, so that the network does not wait.

    Args:
        canvases: Letterboxed images, uint8 (n, height, width).
        labels: Labels, int (n,).
        weights: Weight of each image in the loss, float (n,).
        spec: Input of the network.
        batch: Batch size; the last batch may be smaller.
        augmentation: Ranges of the augmentation; None for unchanged images in order.
        seed: With the epoch, determines order and augmentation.
        epoch: Epoch to start with.
        fracture_boxes: Bounding boxes; targets and weights are then dictionaries by output layer.
        negatives: Images without a fracture per image with one in each epoch, drawn anew each time; 0 uses all.
        sampling: Sampling of an epoch, one of `SAMPLINGS`.
        doubled: Whether each epoch contains every image twice, once mirrored.
        crops: Settings of random crops, which need `fracture_boxes` and `augmentation`; None for whole images.
        frequencies: Frequency of each image relative to others with its label, float (n,); None for equal frequencies.
            Cannot be combined with `sampling` or `doubled`.
    """

    def __init__(
        self,
        canvases: ImageSource,
        labels: NDArray[np.intp],
        weights: NDArray[np.floating],
        spec: InputSpec,
        batch: int,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        epoch: int = 0,
        fracture_boxes: FractureBoxes | None = None,
        negatives: float = 0,
        sampling: str = SAMPLE_ALL,
        doubled: bool = False,
        crops: CropSettings | None = None,
        frequencies: NDArray[np.float64] | None = None,
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
        self._fracture_boxes = fracture_boxes
        self._negatives = negatives
        self._sampling = sampling
        self._doubled = doubled
        self._crops = crops
        self._frequencies = frequencies
        self._order = self._epoch_order()

    def __len__(self) -> int:
        """Return the number of batches per epoch."""
        return -(-len(self._order) // self._batch)

    @property
    def images_per_epoch(self) -> int:
        """Number of images per epoch, counting repetitions."""
        return len(self._order)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], Any, Any]:
        """Return one batch.

        Args:
            index: Number of the batch in the epoch.

        Returns:
            Inputs, float32 (b, height, width, channels); labels, float32 (b, 1); weights, float32 (b,). With fracture
            boxes, labels and weights are dictionaries by output layer.
        """
        shown = self._order[index * self._batch : (index + 1) * self._batch]
        numbers, mirrored = shown % len(self._labels), shown >= len(self._labels)
        # A memory map is read fastest in order.
        images = self._canvases[np.sort(numbers)][np.argsort(np.argsort(numbers))]
        matrices = np.tile(IDENTITY, (len(numbers), 1, 1))
        labels = self._labels[numbers].astype(np.float32)[:, None]
        weights = self._weights[numbers].astype(np.float32)
        if self._augmentation is not None:
            keys = self._augmentation_keys(index, shown)
            crops = [
                self._crop(image, number, key)
                for image, number, key in zip(images, numbers.tolist(), keys, strict=True)
            ]
            augmented = [
                augment_image(
                    image,
                    self._augmentation,
                    np.random.default_rng((self._seed, self._epoch, key)),
                    bool(mirror),
                    crop,
                )
                for image, mirror, key, crop in zip(images, mirrored, keys, crops, strict=True)
            ]
            images = np.stack([image for image, _ in augmented])
            matrices = np.stack([matrix for _, matrix in augmented])
            self._relabel_crops(numbers, crops, matrices, labels, weights)
        inputs = normalise_canvas(images, self._spec)
        if self._fracture_boxes is None:
            return inputs, labels, weights
        cells = np.stack(
            [
                cell_targets(
                    self._fracture_boxes.boxes[number], matrix, self._canvas_size, self._fracture_boxes.stride
                )
                for number, matrix in zip(numbers.tolist(), matrices, strict=True)
            ]
        )
        return (
            inputs,
            {LOGIT_LAYER: labels, FRACTURE_MAP_LAYER: cells},
            {LOGIT_LAYER: weights, FRACTURE_MAP_LAYER: np.ones_like(weights)},
        )

    @property
    def _canvas_size(self) -> tuple[int, int]:
        return self._spec.height, self._spec.width

    def _crop(self, image: NDArray[np.uint8], number: int, key: int) -> NDArray[np.float64] | None:
        """Choose a random crop; None for the whole image."""
        if self._crops is None or self._fracture_boxes is None:
            return None
        # A separate generator keeps the augmentation equal with and without crops.
        rng = np.random.default_rng((self._seed, self._epoch, key, 1))
        return choose_crop(image, self._fracture_boxes.boxes[number], self._crops, rng)

    def _relabel_crops(
        self,
        numbers: NDArray[np.intp],
        crops: list[NDArray[np.float64] | None],
        matrices: NDArray[np.float64],
        labels: NDArray[np.float32],
        weights: NDArray[np.float32],
    ) -> None:
        """Set labels and weights of crops of fractured images, in place.

        Ambiguous crops get the weight 0, so that they train only the map.
        """
        if self._crops is None or self._fracture_boxes is None:
            return
        for position, number in enumerate(numbers.tolist()):
            if crops[position] is None or not self._labels[number]:
                continue
            label = crop_label(self._fracture_boxes.boxes[number], matrices[position], self._canvas_size)
            if label is None:
                weights[position] = 0
            else:
                labels[position] = label
                weights[position] = self._crops.label_weights[label]

    def on_epoch_end(self) -> None:
        """Advance to the next epoch."""
        self._epoch += 1
        self._order = self._epoch_order()

    def _augmentation_keys(self, index: int, shown: NDArray[np.intp]) -> list[int]:
        """Return a seed for each image of a batch, unique within the epoch."""
        if self._sampling == OVERSAMPLE or self._frequencies is not None:
            # The same image may occur several times with different augmentation.
            return [index * self._batch + position for position in range(len(shown))]
        return [int(number) for number in shown]

    def _epoch_order(self) -> NDArray[np.intp]:
        """Return the numbers of an epoch's images; those from `len(labels)` on are mirror images."""
        order = np.arange(len(self._labels))
        if self._augmentation is not None:
            rng = np.random.default_rng((self._seed, self._epoch))
            positive, negative = (order[self._labels == label] for label in (1, 0))
            if self._frequencies is not None:
                shown = (
                    min(len(negative), round(self._negatives * len(positive)))
                    if self._negatives
                    else len(negative)
                )
                order = np.concatenate(
                    [
                        members[_systematic_sample(self._frequencies[members], count, rng)]
                        for members, count in ((positive, len(positive)), (negative, shown))
                    ]
                )
            elif self._negatives:
                shown = min(len(negative), round(self._negatives * len(positive)))
                order = np.concatenate([positive, rng.choice(negative, shown, replace=False)])
            elif self._sampling != SAMPLE_ALL:
                minority, majority = sorted((positive, negative), key=len)
                if self._sampling == UNDERSAMPLE:
                    majority = rng.choice(majority, len(minority), replace=False)
                else:
                    rest = rng.choice(minority, len(majority) % len(minority), replace=False)
                    minority = np.concatenate([np.tile(minority, len(majority) // len(minority)), rest])
                order = np.concatenate([minority, majority])
            if self._doubled:
                order = np.concatenate([order, order + len(self._labels)])
            rng.shuffle(order)
        return order


def _systematic_sample(
    weights: NDArray[np.float64], count: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Draw positions in proportion to their weights by systematic sampling.

    A position whose expected number of draws is c is drawn ⌊c⌋ or ⌈c⌉ times.

    Args:
        weights: Positive weights, float (n,).
        count: Number of draws.
        rng: Random generator.

    Returns:
        int (count,).
    """
    order = rng.permutation(len(weights))
    edges = np.cumsum(weights[order])
    points = (np.arange(count) + rng.random()) * edges[-1] / count
    drawn: NDArray[np.intp] = order[
        np.minimum(np.searchsorted(edges, points, side="right"), len(weights) - 1)
    ]
    return drawn
