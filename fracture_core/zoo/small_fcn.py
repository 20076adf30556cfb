"""A small fully convolutional network whose features are pooled by log-sum-exp.

Log-sum-exp pooling (Pinheiro and Collobert 2015, arXiv:1411.6228) lies between mean and maximum: one cell with
strong evidence counts wherever it lies, and the cells that come next still learn. With the plain mean a thin
line drowns in the rest of the film; with the plain maximum only one cell a film learns.
"""

import math

import keras
from keras import layers, ops

from fracture_core.imaging import InputSpec
from fracture_core.zoo import head

# The r of the paper: 0 is the mean, infinity the maximum.
_SHARPNESS = 3.0

# Keras' 0.99 remembers a hundred steps, which are several epochs of a few hundred films.
_MOMENTUM = 0.9


def build(spec: InputSpec) -> keras.Model:
    """Builds the network for one input; see `Architecture.build`."""
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
