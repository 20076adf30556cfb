"""A pretrained backbone that never learns, with a small head: the peers of a published paper on FracAtlas.

Global average pool, dense 64, sigmoid. The paper fed all of them pixels of 0–1, although EfficientNetB0 divides by 255
itself and ResNet50 expects other ranges; its low figures owe something to that, and the rows do as the paper did.
"""

import keras
from keras import layers

from fracture_core.imaging import InputSpec
from fracture_core.zoo import head


def build(spec: InputSpec, backbone: str) -> keras.Model:
    """Builds the network for one input; see `Architecture.build`.

    Args:
        spec: its input.
        backbone: name of the Keras application.
    """
    image = keras.Input((spec.height, spec.width, spec.channels), name="image")
    base = getattr(keras.applications, backbone)(weights=None, include_top=False, input_tensor=image)
    x = layers.GlobalAveragePooling2D(name="head_pool")(base.output)
    x = layers.Dense(64, activation="relu", name="head_dense")(x)
    return keras.Model(image, head.add_probability_head(x), name=f"frozen_{backbone.lower()}")
