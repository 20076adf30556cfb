"""MobileNetV2 with a new head: global average pooling, dropout, one output."""

import keras
from keras import layers

from fracture_core.imaging import InputSpec
from fracture_core.zoo import head

# The Keras default of 0.999 averages over a thousand steps. With a few thousand images, the validation statistics
# would lag the weights by about a dozen epochs.
_MOMENTUM = 0.9


def build(spec: InputSpec) -> keras.Model:
    """Build the untrained network; see `Architecture.build`."""
    image = keras.Input((spec.height, spec.width, spec.channels), name="image")
    base = keras.applications.MobileNetV2(weights=None, include_top=False, input_tensor=image)
    for layer in base.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = _MOMENTUM
    x = layers.GlobalAveragePooling2D(name="pool")(base.output)
    x = layers.Dropout(0.3, name="dropout")(x)
    return keras.Model(image, head.add_probability_head(x), name="mobilenet_v2")
