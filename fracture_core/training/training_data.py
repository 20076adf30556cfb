"""The films of a run: its data set, decoded, with what each split needs."""

import csv
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fracture_core.datasets import dataset
from fracture_core.datasets.cases import Case
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
    """Readable films of a data set, on the network's canvas.

    Attributes:
        data: the data set, as read.
        cases: the readable cases, in the order of the rows of `canvases` named by `rows`.
        rows: int (len(cases),), rows of `canvases`.
        canvases: uint8 (n, height, width).
        sizes: int (n, 2), height and width of each film.
        files: int (n, 2), what was known of each film's file before it was decoded; see `image_cache.file_states`.
        spec: the network's input.
        errors: why files were left out, by case id.
    """

    data: dataset.Dataset
    cases: tuple[Case, ...]
    rows: np.ndarray
    canvases: np.ndarray
    sizes: np.ndarray
    files: np.ndarray
    spec: InputSpec
    errors: dict[str, str]

    @classmethod
    def load(
        cls, config: TrainingConfig, cache: Path, progress: ProgressCallback | None = None
    ) -> "TrainingData":
        """Reads, splits and decodes the data set of a config.

        Raises:
            DataError: the data set is missing or unclear.
            TrainingError: a split or a class is empty, or the cache cannot be written.
        """
        data = dataset.load_dataset(Path(config.data), config.layout, config.seed, progress)
        needed: tuple[str, ...] = ("train", "val", "test")
        if config.folds:
            # The test films are dropped here: a cross-validation never decodes them.
            cases = development_fold(data.cases, config.folds, config.fold, config.seed)
            data, needed = replace(data, cases=tuple(cases)), ("train", "val")
        decoded = decode_images(data.cases, config.input, cache, progress)
        rows = np.flatnonzero(decoded.readable)
        films = cls(
            data,
            tuple(data.cases[row] for row in rows),
            rows,
            decoded.canvases,
            decoded.sizes,
            decoded.files,
            config.input,
            {
                data.cases[row].id: decoded.errors.get(row, "")
                for row in np.flatnonzero(~decoded.readable).tolist()
            },
        )
        for split in needed:
            labels = films.labels(films.indices_of(split))
            for label, word in enumerate(("without", "with")):
                if not (labels == label).any():
                    raise TrainingError(
                        f"Expected films of both kinds in each split, but {split} has none {word} "
                        f"{finding_with_article(data.finding)}: add films or split the set anew."
                    )
        return films

    @property
    def unreadable(self) -> int:
        """How many files were left out."""
        return len(self.errors)

    def indices_of(self, split: str) -> np.ndarray:
        """Positions in `cases` of one split."""
        return np.array([index for index, case in enumerate(self.cases) if case.split == split], int)

    def labels(self, index: np.ndarray) -> np.ndarray:
        """Labels of cases, int (len(index),)."""
        return np.array([self.cases[position].label for position in index], int)

    def batches(self, split: str, config: TrainingConfig, epoch: int = 0) -> Batches:
        """Batches of one split; only the training split is shuffled and varied.

        The weights are those of the training split in every split, so that the loss that early
        stopping watches is the loss that is trained.
        """
        index = self.indices_of(split)
        labels = self.labels(index)
        by_label = np.ones(2, np.float32)
        if config.class_weights:
            counts = np.bincount(self.labels(self.indices_of("train")), minlength=2)
            if config.sampling != SAMPLE_ALL:
                counts[:] = 1
            elif config.negatives:
                counts[0] = min(counts[0], round(config.negatives * counts[1]))
            by_label = (counts.sum() / (2 * counts)).astype(np.float32)
        training = split == "train"
        return Batches(
            _Rows(self.canvases, self.rows[index]),
            labels,
            by_label[labels],
            self.spec,
            config.batch,
            augmentation=config.augmentation if split == "train" else None,
            seed=config.seed,
            epoch=epoch,
            marks=self._marks(index, config),
            negatives=config.negatives if split == "train" else 0,
            sampling=config.sampling if split == "train" else SAMPLE_ALL,
            doubled=config.doubled and split == "train",
            crops=CropSettings(
                config.crop_share, config.crop_min, config.crop_max, (float(by_label[0]), float(by_label[1]))
            )
            if training and config.crop_share
            else None,
            frequencies=self._frequencies(index, config.region_balance)
            if training and config.region_balance
            else None,
        )

    def _frequencies(self, index: np.ndarray, balance: float) -> np.ndarray:
        """How often cases are shown relative to others of their label, float (len(index),), mean about 1.

        A case counts by its rarest region among the cases of its label.
        """
        cases = [self.cases[position] for position in index]
        counts = Counter((case.label, region) for case in cases for region in case.regions or ("",))
        rarity = [min(counts[case.label, region] for region in case.regions or ("",)) for case in cases]
        weights = np.array(rarity, float) ** -balance
        return weights / weights.mean()

    def placement(self, position: int) -> LetterboxTransform:
        """How a case's film lies on the canvas; the canvas alone does not tell."""
        height, width = self.sizes[self.rows[position]].tolist()
        return LetterboxTransform.fit((height, width), (self.spec.height, self.spec.width))

    def _marks(self, index: np.ndarray, config: TrainingConfig) -> FractureBoxes | None:
        """The boxes of cases, for a network with a fracture map."""
        stride = find_architecture(config.architecture).map_stride
        if not stride:
            return None
        # Where nobody drew boxes or they count for nothing, unbroken films alone would teach an empty map.
        taught = config.box_weight > 0 and any(
            self.cases[position].boxes for position in self.indices_of("train")
        )
        return FractureBoxes(stride, [self._boxes(position) if taught else None for position in index])

    def _boxes(self, position: int) -> np.ndarray | None:
        """A case's boxes in pixels of the canvas, float (n, 4); None for a broken film without any."""
        case = self.cases[position]
        if not case.boxes:
            return None if case.label else np.zeros((0, 4))
        placement = self.placement(position)
        height, width = placement.source
        corners = np.array(case.boxes).reshape(-1, 2, 2) * (width, height)
        return placement.to_canvas(corners).reshape(-1, 4)

    def write_split(self, path: Path) -> None:
        """Writes which case is in which split, for the record."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["id", "split", "group", "label"])
            writer.writerows([case.id, case.split, case.group, case.label] for case in self.cases)


class _Rows:
    """Some rows of a memory map, read when they are asked for."""

    def __init__(self, store: np.ndarray, rows: np.ndarray):
        self._store = store
        self._rows = rows

    def __getitem__(self, index: np.ndarray) -> np.ndarray:
        return self._store[self._rows[index]]
