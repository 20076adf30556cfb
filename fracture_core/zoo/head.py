"""Output heads: every network ends in a named logit and its probability."""

from typing import Any

import keras
from keras import layers

from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER, LOGIT_LAYER, PROBABILITY_LAYER

#: Layer with the two units of a softmax head, *no fracture* and *fracture*.
CLASSES_LAYER = "classes"

#: Prefix of the names of a head's hidden layers.
HEAD_PREFIX = "head_"


def is_head_layer(name: str) -> bool:
    """Check whether a layer belongs to the head and not to the backbone."""
    return name in (LOGIT_LAYER, FRACTURE_MAP_LAYER, CLASSES_LAYER) or name.startswith(HEAD_PREFIX)


def add_probability_head(features: keras.KerasTensor, **options: Any) -> keras.KerasTensor:
    """Add one output unit to pooled features.

    The logit is a layer of its own because a saturated sigmoid has no gradient to explain.

    Args:
        features: Tensor (batch, n).
        **options: Options of the logit's `keras.layers.Dense`.

    Returns:
        The probability, tensor (batch, 1), 0–1.
    """
    logit = layers.Dense(1, name=LOGIT_LAYER, **options)(features)
    return layers.Activation("sigmoid", name=PROBABILITY_LAYER)(logit)


def add_softmax_head(features: keras.KerasTensor) -> keras.KerasTensor:
    """Add two output units, expressed as the logit and probability of the second.

    The softmax of two units equals the sigmoid of their difference, with the same cross-entropy. The network
    therefore equals the published one and still has a logit layer.

    Args:
        features: Tensor (batch, n).

    Returns:
        The probability, tensor (batch, 1), 0–1.
    """
    classes = layers.Dense(2, name=CLASSES_LAYER)(features)
    logit = layers.Subtract(name=LOGIT_LAYER)([classes[:, 1:], classes[:, :1]])
    return layers.Activation("sigmoid", name=PROBABILITY_LAYER)(logit)
