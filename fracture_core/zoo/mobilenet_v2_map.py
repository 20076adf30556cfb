"""MobileNetV2 with a fracture map at stride 8, from which the logit is pooled (see `map_head`)."""

import keras

from fracture_core.imaging import InputSpec
from fracture_core.zoo.map_head import add_map_head

# Layers of the feature pyramid at strides 32, 16 and 8.
_PYRAMID = ("out_relu", "block_13_expand_relu", "block_6_expand_relu")


def build(spec: InputSpec) -> keras.Model:
    """Build the untrained network; see `Architecture.build`."""
    image = keras.Input((spec.height, spec.width, spec.channels), name="image")
    base = keras.applications.MobileNetV2(weights=None, include_top=False, input_tensor=image)
    return add_map_head(image, [base.get_layer(name).output for name in _PYRAMID], "mobilenet_v2_map")
