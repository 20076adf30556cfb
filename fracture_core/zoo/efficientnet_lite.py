"""EfficientNet-Lite backbones (Tan and Le 2019, arXiv:1905.11946; TensorFlow TPU models, `efficientnet/lite`).

Unlike EfficientNet, they have no squeeze-and-excitation and use ReLU6. The stem (32 channels) and the last convolution
(1,280 channels) are not scaled in width, the first and last stage not in depth.
"""

import math
from dataclasses import dataclass

import keras
from keras import layers

from fracture_core.imaging import InputSpec
from fracture_core.zoo import head

# The Keras default of 0.99 is too slow for a few thousand images; see `mobilenet_v2`.
_MOMENTUM = 0.9

_EPSILON = 1e-3
_TOP_CHANNELS = 1280
_STEM_CHANNELS = 32


@dataclass(frozen=True)
class _Stage:
    """A stage of inverted residual blocks at width and depth 1.

    Attributes:
        kernel: Side of the depthwise kernel in pixels.
        stride: Stride of the first block.
        expansion: Channels inside a block per input channel.
        channels: Output channels.
        blocks: Number of blocks.
    """

    kernel: int
    stride: int
    expansion: int
    channels: int
    blocks: int


_STAGES = (
    _Stage(3, 1, 1, 16, 1),
    _Stage(3, 2, 6, 24, 2),
    _Stage(5, 2, 6, 40, 2),
    _Stage(3, 2, 6, 80, 3),
    _Stage(5, 1, 6, 112, 3),
    _Stage(5, 2, 6, 192, 4),
    _Stage(3, 1, 6, 320, 1),
)

#: Width and depth multipliers by the backbone's name.
SCALES = {"EfficientNetLite0": (1.0, 1.0), "EfficientNetLite2": (1.1, 1.2)}

#: Layers of the feature pyramid at strides 32, 16 and 8.
PYRAMID = ("top_relu", "block5_1_expand_relu", "block3_1_expand_relu")


def backbone(name: str, image: keras.KerasTensor) -> keras.Model:
    """Build an untrained backbone without its classifier.

    Args:
        name: Key of `SCALES`.
        image: Input tensor (batch, height, width, 3), −1 to 1.

    Returns:
        A flat functional model that ends in the layer `top_relu`, (batch, height / 32, width / 32, 1280).
    """
    width, depth = SCALES[name]
    x = _normalised_convolution(image, "stem", _STEM_CHANNELS, kernel=3, stride=2)
    for number, stage in enumerate(_STAGES):
        channels = _scaled_channels(stage.channels, width)
        is_inner = 0 < number < len(_STAGES) - 1
        for block in range(math.ceil(depth * stage.blocks) if is_inner else stage.blocks):
            stride = stage.stride if block == 0 else 1
            x = _inverted_residual(x, f"block{number}_{block + 1}", stage, stride, channels)
    x = _normalised_convolution(x, "top", _TOP_CHANNELS)
    return keras.Model(image, x, name=name.lower())


def build(spec: InputSpec, name: str) -> keras.Model:
    """Build a backbone with global average pooling, dropout and one output; see `Architecture.build`."""
    image = keras.Input((spec.height, spec.width, spec.channels), name="image")
    x = layers.GlobalAveragePooling2D(name="pool")(backbone(name, image).output)
    x = layers.Dropout(0.3, name="dropout")(x)
    return keras.Model(image, head.add_probability_head(x), name=name.lower())


def _scaled_channels(channels: int, width: float) -> int:
    """Scale a channel count, rounded to a multiple of 8 and reduced by at most a tenth."""
    scaled = max(8, int(channels * width + 4) // 8 * 8)
    return scaled + 8 if scaled < 0.9 * channels * width else scaled


def _normalised(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.BatchNormalization(epsilon=_EPSILON, momentum=_MOMENTUM, name=f"{name}_bn")(x)


def _normalised_convolution(
    x: keras.KerasTensor, name: str, channels: int, kernel: int = 1, stride: int = 1
) -> keras.KerasTensor:
    convolution = layers.Conv2D(
        channels, kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_conv"
    )
    return layers.ReLU(6.0, name=f"{name}_relu")(_normalised(convolution(x), name))


def _inverted_residual(
    x: keras.KerasTensor, name: str, stage: _Stage, stride: int, channels: int
) -> keras.KerasTensor:
    """Add an inverted residual block (Sandler et al. 2018, arXiv:1801.04381)."""
    input_channels = x.shape[-1]
    y = x
    if stage.expansion != 1:
        expanded = layers.Conv2D(input_channels * stage.expansion, 1, use_bias=False, name=f"{name}_expand")(
            y
        )
        y = layers.ReLU(6.0, name=f"{name}_expand_relu")(_normalised(expanded, f"{name}_expand"))
    filtered = layers.DepthwiseConv2D(
        stage.kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(y)
    y = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(_normalised(filtered, f"{name}_depthwise"))
    projected = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project")(y)
    y = _normalised(projected, f"{name}_project")
    return layers.Add(name=f"{name}_add")([x, y]) if stride == 1 and input_channels == channels else y
