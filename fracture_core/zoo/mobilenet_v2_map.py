"""MobileNetV2 with a fracture map at stride 8; the logit is pooled from the map alone (see `map_head`)."""

import keras

from fracture_core.imaging import InputSpec
from fracture_core.zoo.map_head import add_map_head

# From the coarsest to the finest: the layers whose features are taken at strides 32, 16 and 8.
_DEPTHS = ("out_relu", "block_13_expand_relu", "block_6_expand_relu")


def build(spec: InputSpec) -> keras.Model:
    """Builds the network for one input, untrained; see `Architecture.build`."""
    image = keras.Input((spec.height, spec.width, spec.channels), name="image")
    base = keras.applications.MobileNetV2(weights=None, include_top=False, input_tensor=image)
    return add_map_head(image, [base.get_layer(name).output for name in _DEPTHS], "mobilenet_v2_map")
