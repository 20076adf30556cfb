"""Frozen pretrained backbone with a small head: the comparison networks of a published paper on FracAtlas.

Global average pooling, dense layer of 64, sigmoid. As in the paper, all inputs are scaled to 0–1, although
EfficientNetB0 divides by 255 itself and ResNet50 expects another range. This lowers their accuracy.
"""

import keras
from keras import layers

from fracture_core.imaging import InputSpec
from fracture_core.zoo import head


def build(spec: InputSpec, backbone: str) -> keras.Model:
    """Build the network on a Keras application; see `Architecture.build`.

    Args:
        spec: Network input.
        backbone: Name of the Keras application.

    Returns:
        The untrained network.
    """
    image = keras.Input((spec.height, spec.width, spec.channels), name="image")
    base = getattr(keras.applications, backbone)(weights=None, include_top=False, input_tensor=image)
    x = layers.GlobalAveragePooling2D(name="head_pool")(base.output)
    x = layers.Dense(64, activation="relu", name="head_dense")(x)
    return keras.Model(image, head.add_probability_head(x), name=f"frozen_{backbone.lower()}")
