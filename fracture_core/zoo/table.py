"""The table of architectures. A row here, a builder in the file of the same name, and it is everywhere."""

from fracture_core.errors import ModelError
from fracture_core.imaging import InputSpec
from fracture_core.zoo.architecture import COSINE, Architecture, Protocol
from fracture_core.zoo.augmentation import Augmentation

# MobileNetV2 at strides 16 and 32.
_MOBILE_FEATURES = ("block_13_expand_relu", "out_relu")

_ROWS = (
    Architecture(
        name="mobilenet_v2",
        title="MobileNetV2",
        source="Sandler et al. 2018, arXiv:1801.04381",
        input=InputSpec(224, 224, channels=3, scaling="signed"),
        heatmap_layer="out_relu",
        feature_layers=_MOBILE_FEATURES,
        backbone="MobileNetV2",
        # The stem's edges and textures serve films as they are, and learning them anew would double the
        # time of a step.
        protocol=Protocol(
            epochs=15, batch=32, learning_rate=1e-4, head_epochs=1, freeze_before="block_6_expand", patience=4
        ),
    ),
    Architecture(
        name="mobilenet_v2_map",
        title="MobileNetV2 with a fracture map",
        source="Sandler et al. 2018, arXiv:1801.04381; pyramid after Lin et al. 2017, arXiv:1612.03144",
        input=InputSpec(384, 384, channels=3, scaling="signed"),
        heatmap_layer="head_evidence",
        feature_layers=_MOBILE_FEATURES,
        map_stride=8,
        backbone="MobileNetV2",
        protocol=Protocol(
            epochs=16,
            batch=16,
            learning_rate=4e-4,
            head_epochs=1,
            freeze_before="block_6_expand",
            patience=16,
            augmentation=Augmentation(rotation=20, zoom=0.15, brightness=0.12, contrast=0.3),
            schedule=COSINE,
            box_weight=1.0,
            negatives=2.0,
        ),
    ),
    Architecture(
        name="four_block",
        title="Four-block CNN",
        source="Four convolution blocks of 32, 64, 128 and 256 filters, after a published student report",
        input=InputSpec(224, 224, channels=1, scaling="unit"),
        heatmap_layer="block4_norm",
        protocol=Protocol(epochs=15, batch=32, learning_rate=1e-3, patience=3),
    ),
    Architecture(
        name="small_fcn",
        title="Small FCN, log-sum-exp pooling",
        source="Log-sum-exp pooling after Pinheiro and Collobert 2015, arXiv:1411.6228",
        input=InputSpec(128, 128, channels=1, scaling="unit"),
        heatmap_layer="block4_relu",
        # From random weights it stands still for some thirty epochs of a few hundred films before it has found
        # the fractures: patience must outlast that, and strong variations would make it longer.
        protocol=Protocol(
            epochs=120,
            batch=16,
            learning_rate=2e-3,
            patience=60,
            augmentation=Augmentation(rotation=15, shift=0.08, zoom=0.1, brightness=0.08, contrast=0.15),
        ),
    ),
)

#: Architectures by name.
ARCHITECTURES = {row.name: row for row in _ROWS}


def architecture(name: str) -> Architecture:
    """A row by its name.

    Raises:
        ModelError: there is no such row.
    """
    try:
        return ARCHITECTURES[name]
    except KeyError:
        raise ModelError(
            f"Expected an architecture out of {', '.join(ARCHITECTURES)}, but got {name!r}."
        ) from None
