"""Small fully convolutional network with log-sum-exp pooling.

Log-sum-exp pooling (Pinheiro and Collobert 2015, arXiv:1411.6228) lies between mean and maximum. The mean would
average out a thin fracture line; the maximum would train only one cell per image.
"""

import math

import keras
from keras import layers, ops

from fracture_core.imaging import InputSpec
from fracture_core.zoo import head

# Parameter r of the paper: 0 gives the mean, infinity the maximum.
_SHARPNESS = 3.0

# The Keras default of 0.99 averages over a hundred steps, which is several epochs of a few hundred images.
_MOMENTUM = 0.9


def build(spec: InputSpec) -> keras.Model:
    """Build the network; see `Architecture.build`."""
    image = keras.Input((spec.height, spec.width, spec.channels), name="image")
    x = image
    for number, filters in enumerate((16, 32, 48, 64), 1):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"block{number}_conv")(x)
        x = layers.BatchNormalization(momentum=_MOMENTUM, name=f"block{number}_norm")(x)
        x = layers.Activation("relu", name=f"block{number}_relu")(x)
        x = layers.MaxPooling2D(name=f"block{number}_pool")(x)
    cells = layers.Reshape((-1, x.shape[-1]), name="cells")(x)
    summed = ops.logsumexp(_SHARPNESS * cells, axis=1)
    pooled = (summed - math.log(cells.shape[1])) / _SHARPNESS
    return keras.Model(image, head.add_probability_head(pooled), name="small_fcn")
