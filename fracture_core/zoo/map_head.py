"""Head with a fracture map at stride 8 and a logit that is pooled from the map.

Features of three depths are fused in a feature pyramid (Lin et al. 2017, arXiv:1612.03144): a fracture is a few pixels
wide but recognised by its surroundings. The map is linear in the layer before it, and the logit rises with the map.
Grad-CAM of the logit at that layer therefore equals the map up to a constant.
"""

from collections.abc import Sequence

import keras
from keras import layers, ops

from fracture_core.zoo import head
from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER

_CHANNELS = 128

# Initial bias: about one cell in fifty is predicted as fractured (Lin et al. 2017, arXiv:1708.02002).
_PRIOR_LOGIT = -4.0

# Sharpness of the log-sum-exp pooling; a plain sum would add up thousands of cells without evidence.
_SHARPNESS = 4.0


def add_map_head(image: keras.KerasTensor, features: Sequence[keras.KerasTensor], name: str) -> keras.Model:
    """Build a network from the input and features of a backbone.

    Args:
        image: Input tensor of the backbone, (batch, height, width, channels).
        features: Feature tensors from the coarsest to the finest; each has twice the resolution of the previous one.
        name: Name of the network.

    Returns:
        A model from the image to the probability of *fracture*, (batch, 1), with the layers `fracture_map` and
        `logit`. Heatmaps explain its layer `head_evidence`.
    """
    coarse, *finer = (
        layers.Conv2D(_CHANNELS, 1, name=f"head_lateral{number}")(feature)
        for number, feature in enumerate(features)
    )
    x = coarse
    for number, lateral in enumerate(finer, 1):
        x = layers.UpSampling2D(name=f"head_up{number}")(x)
        x = layers.Add(name=f"head_add{number}")([x, lateral])
        x = layers.ReLU(name=f"head_relu{number}")(x)
        x = layers.DepthwiseConv2D(3, padding="same", name=f"head_spread{number}")(x)
        last = number == len(finer)
        if last:
            x = layers.SpatialDropout2D(0.1, name="head_dropout")(x)
        x = layers.Conv2D(
            _CHANNELS, 1, activation="relu", name="head_evidence" if last else f"head_mix{number}"
        )(x)
    cells = layers.Conv2D(
        1, 1, bias_initializer=keras.initializers.Constant(_PRIOR_LOGIT), name=FRACTURE_MAP_LAYER
    )(x)
    evidence = layers.Flatten(name="head_cells")(cells)
    pooled = ops.logsumexp(_SHARPNESS * evidence, axis=1, keepdims=True) / _SHARPNESS
    # A negative weight would let evidence for a fracture count against one.
    logit = head.add_probability_head(
        pooled, kernel_initializer="ones", kernel_constraint=keras.constraints.NonNeg()
    )
    return keras.Model(image, logit, name=name)
