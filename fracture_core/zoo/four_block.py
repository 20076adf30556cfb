"""Four-block CNN: (conv 3×3, ReLU, batch norm, max pool) × 4, dense, dropout, one output.

The report states neither the width of the dense layer nor the dropout rate. The values 128 and 0.5 are our choice.
"""

import keras
from keras import layers

from fracture_core.imaging import InputSpec
from fracture_core.zoo import head


def build(spec: InputSpec) -> keras.Model:
    """Build the network; see `Architecture.build`."""
    image = keras.Input((spec.height, spec.width, spec.channels), name="image")
    x = image
    for number, filters in enumerate((32, 64, 128, 256), 1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"block{number}_conv")(x)
        x = layers.BatchNormalization(name=f"block{number}_norm")(x)
        x = layers.MaxPooling2D(name=f"block{number}_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(128, activation="relu", name="dense")(x)
    x = layers.Dropout(0.5, name="dropout")(x)
    return keras.Model(image, head.add_probability_head(x), name="four_block")
