"""EfficientNet-Lite with a fracture map at stride 8, from which the logit is pooled (see `map_head`)."""

import keras

from fracture_core.imaging import InputSpec
from fracture_core.zoo.efficientnet_lite import PYRAMID, backbone
from fracture_core.zoo.map_head import add_map_head


def build(spec: InputSpec, name: str) -> keras.Model:
    """Build the untrained network on the named backbone; see `Architecture.build`."""
    image = keras.Input((spec.height, spec.width, spec.channels), name="image")
    base = backbone(name, image)
    return add_map_head(image, [base.get_layer(layer).output for layer in PYRAMID], f"{name.lower()}_map")
