"""Decoded dataset of a run, and the batches of each split."""

import csv
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fracture_core.datasets.cases import Case
from fracture_core.datasets.dataset import Dataset, load_dataset
from fracture_core.datasets.split import development_fold
from fracture_core.errors import TrainingError
from fracture_core.imaging import InputSpec, LetterboxTransform
from fracture_core.inference.image_cache import decode_images
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.runs.config import TrainingConfig
from fracture_core.training.batches import Batches, FractureBoxes
from fracture_core.training.crops import CropSettings
from fracture_core.vocabulary import finding_with_article
from fracture_core.zoo import find_architecture
from fracture_core.zoo.architecture import SAMPLE_ALL


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Readable images of a dataset, letterboxed for a network.

    Attributes:
        dataset: The dataset with all its cases.
        cases: Readable cases.
        rows: Row in `canvases` of each readable case, int (len(cases),).
        canvases: Letterboxed images of all cases, uint8 (n, height, width).
        sizes: Original height and width of each image, int (n, 2).
        files: Result of `image_cache.file_states` before decoding, int64 (n, 2).
        spec: Input of the network.
        errors: Error message of each unreadable file by case id.
    """

    dataset: Dataset
    cases: tuple[Case, ...]
    rows: NDArray[np.intp]
    canvases: NDArray[np.uint8]
    sizes: NDArray[np.intp]
    files: NDArray[np.int64]
    spec: InputSpec
    errors: dict[str, str]

    @classmethod
    def load(
        cls, config: TrainingConfig, cache: Path, progress: ProgressCallback | None = None
    ) -> "TrainingData":
        """Read, split and decode the dataset of a run.

        Args:
            config: Settings of the run.
            cache: Folder of decoded images.
            progress: Called with (stage, images done, images).

        Returns:
            The decoded data.

        Raises:
            DataError: The dataset is missing or ambiguous.
            TrainingError: A split has no image of one class, or the cache cannot be written.
        """
        dataset = load_dataset(Path(config.data), config.layout, config.seed, progress)
        required: tuple[str, ...] = ("train", "val", "test")
        if config.folds:
            # A cross-validation never uses the test images.
            cases = development_fold(dataset.cases, config.folds, config.fold, config.seed)
            dataset, required = replace(dataset, cases=tuple(cases)), ("train", "val")
        decoded = decode_images(dataset.cases, config.input, cache, progress)
        rows = np.flatnonzero(decoded.readable)
        training_data = cls(
            dataset,
            tuple(dataset.cases[row] for row in rows),
            rows,
            decoded.canvases,
            decoded.sizes,
            decoded.files,
            config.input,
            {
                dataset.cases[row].id: decoded.errors.get(row, "")
                for row in np.flatnonzero(~decoded.readable).tolist()
            },
        )
        for split in required:
            labels = training_data.labels(training_data.indices_of(split))
            for label, preposition in enumerate(("without", "with")):
                if not (labels == label).any():
                    raise TrainingError(
                        f"The split {split} has no images {preposition} {finding_with_article(dataset.finding)}: add "
                        "images or split the dataset again."
                    )
        return training_data

    @property
    def unreadable(self) -> int:
        """Number of unreadable files."""
        return len(self.errors)

    def indices_of(self, split: str) -> NDArray[np.intp]:
        """Return the positions in `cases` of one split, int (n,)."""
        return np.array([index for index, case in enumerate(self.cases) if case.split == split], int)

    def labels(self, index: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the labels of cases, int (len(index),)."""
        return np.array([self.cases[position].label for position in index], int)

    def batches(self, split: str, config: TrainingConfig, epoch: int = 0) -> Batches:
        """Return the batches of one split. Only the training split is shuffled and augmented.

        All splits use the class weights of the training split, so that early stopping monitors the trained loss.

        Args:
            split: "train", "val" or "test".
            config: Settings of the run.
            epoch: Epoch to start with.

        Returns:
            The batches.
        """
        index = self.indices_of(split)
        labels = self.labels(index)
        label_weights = np.ones(2, np.float32)
        if config.class_weights:
            counts = np.bincount(self.labels(self.indices_of("train")), minlength=2)
            if config.sampling != SAMPLE_ALL:
                counts[:] = 1
            elif config.negatives:
                counts[0] = min(counts[0], round(config.negatives * counts[1]))
            label_weights = (counts.sum() / (2 * counts)).astype(np.float32)
        is_training = split == "train"
        return Batches(
            _Rows(self.canvases, self.rows[index]),
            labels,
            label_weights[labels],
            self.spec,
            config.batch,
            augmentation=config.augmentation if is_training else None,
            seed=config.seed,
            epoch=epoch,
            fracture_boxes=self._fracture_boxes(index, config),
            negatives=config.negatives if is_training else 0,
            sampling=config.sampling if is_training else SAMPLE_ALL,
            doubled=config.doubled and is_training,
            crops=CropSettings(
                config.crop_share,
                config.crop_min,
                config.crop_max,
                (float(label_weights[0]), float(label_weights[1])),
            )
            if is_training and config.crop_share
            else None,
            frequencies=self._frequencies(index, config.region_balance)
            if is_training and config.region_balance
            else None,
        )

    def _frequencies(self, index: NDArray[np.intp], balance: float) -> NDArray[np.float64]:
        """Compute sampling frequencies with the mean 1 from the rarest region of each case, float (len(index),)."""
        cases = [self.cases[position] for position in index]
        counts = Counter((case.label, region) for case in cases for region in case.regions or ("",))
        rarity = [min(counts[case.label, region] for region in case.regions or ("",)) for case in cases]
        weights = np.array(rarity, float) ** -balance
        return np.asarray(weights / weights.mean(), np.float64)

    def transform(self, position: int) -> LetterboxTransform:
        """Return the transform between the original image of a case and its canvas."""
        height, width = self.sizes[self.rows[position]].tolist()
        return LetterboxTransform.fit((height, width), (self.spec.height, self.spec.width))

    def _fracture_boxes(self, index: NDArray[np.intp], config: TrainingConfig) -> FractureBoxes | None:
        """Return the bounding boxes of cases; None for a network without a fracture map."""
        stride = find_architecture(config.architecture).map_stride
        if not stride:
            return None
        # Without boxes, images without a fracture alone would train an empty map.
        has_targets = config.box_weight > 0 and any(
            self.cases[position].boxes for position in self.indices_of("train")
        )
        return FractureBoxes(stride, [self._boxes(position) if has_targets else None for position in index])

    def _boxes(self, position: int) -> NDArray[np.float64] | None:
        """Return a case's boxes in canvas pixels, float (n, 4); None for a fractured image without boxes."""
        case = self.cases[position]
        if not case.boxes:
            return None if case.label else np.zeros((0, 4))
        transform = self.transform(position)
        height, width = transform.source
        corners = np.array(case.boxes).reshape(-1, 2, 2) * (width, height)
        return transform.to_canvas(corners).reshape(-1, 4)

    def write_split(self, path: Path) -> None:
        """Write the split of each case as CSV."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["id", "split", "group", "label"])
            writer.writerows([case.id, case.split, case.group, case.label] for case in self.cases)


class _Rows:
    """Selected rows of a memory map, read on demand."""

    def __init__(self, canvases: NDArray[np.uint8], rows: NDArray[np.intp]):
        self._canvases = canvases
        self._rows = rows

    def __getitem__(self, index: NDArray[np.intp]) -> NDArray[np.uint8]:
        return self._canvases[self._rows[index]]
