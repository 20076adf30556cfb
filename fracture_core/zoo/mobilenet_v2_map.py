"""MobileNetV2 that says where: a fracture map at stride 8, and a logit that is read off the map alone.

Features of three depths are fused as in a feature pyramid (Lin et al. 2017, arXiv:1612.03144), because a fracture
is a few pixels wide and known by its surroundings. The map is linear in the layer before it and the logit rises
with the map only, so that Grad-CAM of the logit at that layer is the map up to a constant.
"""

import keras
from keras import layers, ops

from fracture_core.imaging import InputSpec
from fracture_core.zoo import head
from fracture_core.zoo.architecture import MAP

_CHANNELS = 128

# From the coarsest to the finest: the layer whose features are taken at strides 32, 16 and 8.
_DEPTHS = ("out_relu", "block_13_expand_relu", "block_6_expand_relu")

# A cell in fifty is taken for broken before anything is learnt (Lin et al. 2017, arXiv:1708.02002).
_PRIOR = -4.0

# How close the pooled evidence comes to the strongest cell's: a plain sum would count a few thousand calm cells.
_SHARPNESS = 4.0


def build(spec: InputSpec) -> keras.Model:
    """Builds the network for one input, untrained; see `Architecture.build`."""
    image = keras.Input((spec.height, spec.width, spec.channels), name="image")
    base = keras.applications.MobileNetV2(weights=None, include_top=False, input_tensor=image)
    coarse, *finer = (_lateral(base.get_layer(name).output, number) for number, name in enumerate(_DEPTHS))
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
    cells = layers.Conv2D(1, 1, bias_initializer=keras.initializers.Constant(_PRIOR), name=MAP)(x)
    evidence = layers.Flatten(name="head_cells")(cells)
    pooled = ops.logsumexp(_SHARPNESS * evidence, axis=1, keepdims=True) / _SHARPNESS
    # Never negative: evidence anywhere cannot speak against a fracture.
    logit = head.probability(pooled, kernel_initializer="ones", kernel_constraint=keras.constraints.NonNeg())
    return keras.Model(image, logit, name="mobilenet_v2_map")


def _lateral(features, number: int):
    return layers.Conv2D(_CHANNELS, 1, name=f"head_lateral{number}")(features)
