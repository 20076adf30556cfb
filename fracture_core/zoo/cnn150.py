"""CNN at 150 px of a published article: stacked convolutions with pooling, a dense layer, softmax over two classes.

The article states neither filters nor widths. The 32, 64 and 128 filters of 3 × 3 and the dense layer of 128 are our
choice.
"""

import keras
from keras import layers

from fracture_core.imaging import InputSpec
from fracture_core.zoo import head


def build(spec: InputSpec) -> keras.Model:
    """Build the network; see `Architecture.build`."""
    image = keras.Input((spec.height, spec.width, spec.channels), name="image")
    x = image
    for number, filters in enumerate((32, 64, 128), 1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"block{number}_conv")(x)
        x = layers.MaxPooling2D(name=f"block{number}_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(128, activation="relu", name="dense")(x)
    return keras.Model(image, head.add_softmax_head(x), name="cnn150")
