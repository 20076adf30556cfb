"""What a training is asked to do, as data."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from fracture_core.errors import TrainingError
from fracture_core.imaging import InputSpec
from fracture_core.io.atomic_write import write_atomically
from fracture_core.zoo import Augmentation, find_architecture
from fracture_core.zoo.architecture import PLATEAU, SAMPLE_ALL, SAMPLINGS, SCHEDULES
from fracture_core.zoo.augmentation import AUGMENTATION_LIMITS

#: How exactly a training multiplies; see `runs.precision`.
FLOAT32, BFLOAT16 = "float32", "bfloat16"
PRECISIONS = (FLOAT32, BFLOAT16)


@dataclass(frozen=True)
class TrainingConfig:
    """One training, complete: the same config gives the same run.

    Attributes:
        data: folder of the data set.
        architecture: a name of the zoo.
        layout: a layout's name or "auto".
        size: input height and width in pixels; None for the architecture's own.
        epochs: at most so many passes over the training films.
        batch: films a step.
        learning_rate: of Adam.
        head_epochs: first passes in which only the new head learns.
        freeze_before: layers before this one never learn; "" for none.
        patience: epochs without a lower validation loss before training stops.
        backbone_weights: "" for random weights, "imagenet", or a file.
        box_weight: what the fracture boxes count in the loss beside the label; 0 for nothing.
        negatives: films without a fracture that an epoch shows for each with one; 0 shows all.
        sampling: "all" shows all films in an epoch, "under" as many of the commoner kind as there are of the rarer,
            others each epoch, "over" the rarer kind as often as it takes.
        doubled: whether an epoch shows every film twice, once mirrored.
        schedule: "plateau" lowers the rate when the validation loss stands still, "cosine" lets it fall to nothing
            over all epochs, "constant" keeps it.
        search_trials: short trainings that look for a learning rate first; 0 takes `learning_rate` as it is.
        search_epochs: epochs of each.
        precision: "float32", or "bfloat16" for faster epochs where the processor can; see `runs.precision`.
        class_weights: whether the rarer class counts more, so that both count the same in sum.
        seed: of the split, the start weights, the order and the augmentation.
        augmentation: how training films are varied.
        crop_share: share of the training looks that show a random crop instead of the whole film, 0–1; see
            `training.crops`.
        crop_min: smallest side of a crop, as a share of the canvas.
        crop_max: largest side; above 1 the film is shown smaller than the canvas.
        region_balance: how far body regions are balanced in sampling: 0 shows films as they are, 1 shows each
            region equally often, 0.5 weights films by the square root of their region's rarity.
        folds: number of folds of a grouped cross-validation on train and validation films; 0 for an ordinary
            training.
        fold: which fold is held out, from 1; 0 without folds.
    """

    data: str
    architecture: str
    layout: str = "auto"
    size: int | None = None
    epochs: int = 15
    batch: int = 32
    learning_rate: float = 1e-3
    head_epochs: int = 0
    freeze_before: str = ""
    patience: int = 3
    backbone_weights: str = ""
    box_weight: float = 0.0
    negatives: float = 0.0
    sampling: str = SAMPLE_ALL
    doubled: bool = False
    schedule: str = PLATEAU
    search_trials: int = 0
    search_epochs: int = 2
    precision: str = FLOAT32
    class_weights: bool = True
    seed: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)
    crop_share: float = 0.0
    crop_min: float = 0.5
    crop_max: float = 1.6
    region_balance: float = 0.0
    folds: int = 0
    fold: int = 0

    def __post_init__(self) -> None:
        """Refuses numbers that no training can mean.

        Raises:
            TrainingError: a number is out of its range.
        """
        limits = {
            "epochs": (1, 1000),
            "batch": (1, 1024),
            "learning_rate": (1e-7, 1.0),
            "head_epochs": (0, self.epochs),
            "patience": (1, 1000),
            "box_weight": (0, 1000),
            "negatives": (0, 1000),
            "search_trials": (0, 100),
            "search_epochs": (1, 1000),
            "seed": (0, 2**31 - 1),
            "crop_share": (0, 1),
            "crop_min": (0.25, self.crop_max),
            "crop_max": (0.25, 3),
            "region_balance": (0, 1),
            "folds": (0, 100),
            "fold": (min(self.folds, 1), self.folds),
        }
        values = {name: getattr(self, name) for name in limits}
        limits |= {name: (0, widest) for name, widest in AUGMENTATION_LIMITS.items()}
        values |= {name: getattr(self.augmentation, name) for name in AUGMENTATION_LIMITS}
        for name, (low, high) in limits.items():
            value = values[name]
            if not low <= value <= high:
                raise TrainingError(
                    f"Expected {name.replace('_', ' ')} from {low:g} to {high:g}, but got {value:g}: change it."
                )
        if self.schedule not in SCHEDULES:
            raise TrainingError(
                f"Expected a schedule out of {', '.join(SCHEDULES)}, but got {self.schedule!r}: choose one of these."
            )
        if self.sampling not in SAMPLINGS:
            raise TrainingError(
                f"Expected a sampling out of {', '.join(SAMPLINGS)}, but got {self.sampling!r}: choose one of these."
            )
        if self.precision not in PRECISIONS:
            raise TrainingError(
                f"Expected a precision out of {', '.join(PRECISIONS)}, but got {self.precision!r}: choose one of these."
            )
        if self.negatives and self.sampling != SAMPLE_ALL:
            raise TrainingError(
                "Expected either negatives or a sampling, but got both: they settle the same thing, so leave one out."
            )
        if self.region_balance and (self.sampling != SAMPLE_ALL or self.doubled):
            raise TrainingError(
                "Region balance works only with all films in their own proportion: leave --sampling and --doubled out."
            )
        if self.crop_share and not self.box_weight:
            raise TrainingError(
                "Crops get their labels from fracture boxes: choose a box weight above 0, or a crop share of 0."
            )
        if self.folds == 1:
            raise TrainingError("One fold leaves nothing to train on: choose 2 folds or more, or 0.")
        if self.folds and (self.schedule == PLATEAU or self.search_trials):
            raise TrainingError(
                "In a cross-validation the held-out films must not steer the training: choose the schedule cosine or "
                "constant, and leave the search for a learning rate out."
            )
        if self.box_weight and not find_architecture(self.architecture).map_stride:
            raise TrainingError(
                f"Expected a network with a fracture map to learn from boxes, but {self.architecture} has none: "
                "choose another or a box weight of 0."
            )

    @property
    def input(self) -> InputSpec:
        """What the network is fed."""
        return find_architecture(self.architecture).at_size(self.size)

    def save(self, path: Path) -> None:
        """Writes the config as JSON, whole or not at all."""
        write_atomically(path, json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainingConfig":
        """A config from its JSON form; fields that this version does not know are refused.

        Raises:
            TrainingError: a field is unknown or a value out of range.
        """
        known = {entry.name for entry in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise TrainingError(
                f"Expected a config of this version, but it has {', '.join(unknown)}: start a new run."
            )
        return cls(**{**values, "augmentation": Augmentation(**values.get("augmentation", {}))})

    @classmethod
    def load(cls, path: Path) -> "TrainingConfig":
        """Reads what `save` wrote.

        Raises:
            TrainingError: the file is missing or not a config.
        """
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise TrainingError(
                f"Expected the settings of a run in {path}, but they cannot be read ({error}): start a new run."
            ) from error
