"""Two-block CNN of published slides: two valid convolutions and a dense layer of 24 million weights.

The slides list every layer with its parameter count. They imply, but do not state, ReLU activations.
"""

import keras
from keras import layers

from fracture_core.imaging import InputSpec
from fracture_core.zoo import head


def build(spec: InputSpec) -> keras.Model:
    """Build the network; see `Architecture.build`."""
    image = keras.Input((spec.height, spec.width, spec.channels), name="image")
    x = layers.Conv2D(32, 3, activation="relu", name="block1_conv")(image)
    x = layers.MaxPooling2D(name="block1_pool")(x)
    x = layers.Conv2D(64, 3, activation="relu", name="block2_conv")(x)
    x = layers.MaxPooling2D(name="block2_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.Dense(128, activation="relu", name="dense")(x)
    return keras.Model(image, head.add_probability_head(x), name="two_block")
