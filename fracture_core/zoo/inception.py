"""Inception CNN of a published student paper: a stem, four Inception blocks with dimension reduction, softmax.

The blocks follow Szegedy et al. 2015, arXiv:1409.4842, with four branches of equal width. The paper states neither
the reduction of the 1 × 1 convolutions nor the dropout rates. Half a branch's width, 0.2 and 0.4 are our choice. The
paper standardises images by the training set's mean and deviation, which the first layer does here.
"""

import keras
from keras import layers

from fracture_core.imaging import InputSpec
from fracture_core.zoo import head
from fracture_core.zoo.architecture import STANDARDISE_LAYER


def build(spec: InputSpec) -> keras.Model:
    """Build the network; see `Architecture.build`."""
    image = keras.Input((spec.height, spec.width, spec.channels), name="image")
    x = layers.Normalization(axis=None, name=STANDARDISE_LAYER)(image)
    x = layers.Conv2D(32, 7, strides=2, padding="same", name="stem_conv")(x)
    x = layers.BatchNormalization(name="stem_norm")(x)
    x = layers.ReLU(name="stem_relu")(x)
    x = layers.MaxPooling2D(name="stem_pool")(x)
    x = layers.Dropout(0.2, name="stem_dropout")(x)
    x = _block(_block(x, 128, 1), 256, 2)
    x = layers.MaxPooling2D(name="pool1")(x)
    x = _block(_block(x, 512, 3), 1024, 4)
    x = layers.MaxPooling2D(name="pool2")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(0.4, name="dropout")(x)
    return keras.Model(image, head.add_softmax_head(x), name="inception")


def _block(x: keras.KerasTensor, width: int, number: int) -> keras.KerasTensor:
    """Concatenate four branches of equal width: 1 × 1, reduced 3 × 3, reduced 5 × 5, and pooled."""
    quarter, reduced = width // 4, width // 8

    def conv(tensor: keras.KerasTensor, filters: int, size: int, name: str) -> keras.KerasTensor:
        full_name = f"inception{number}_{name}"
        return layers.Conv2D(filters, size, padding="same", activation="relu", name=full_name)(tensor)

    branches = [
        conv(x, quarter, 1, "1x1"),
        conv(conv(x, reduced, 1, "reduce3"), quarter, 3, "3x3"),
        conv(conv(x, reduced, 1, "reduce5"), quarter, 5, "5x5"),
        conv(
            layers.MaxPooling2D(3, strides=1, padding="same", name=f"inception{number}_pooled")(x),
            quarter,
            1,
            "project",
        ),
    ]
    return layers.Concatenate(name=f"inception{number}")(branches)
