"""The end of every network: one named logit, then its probability, however many outputs it was published with."""

from keras import layers

from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER, LOGIT_LAYER, PROBABILITY_LAYER

#: Layer with the two units of a softmax head: no fracture, fracture.
CLASSES_LAYER = "classes"

#: What the names of a head's hidden layers begin with.
HEAD_PREFIX = "head_"


def is_head_layer(name: str) -> bool:
    """Whether a layer of this name belongs to a new head; all others belong to the backbone."""
    return name in (LOGIT_LAYER, FRACTURE_MAP_LAYER, CLASSES_LAYER) or name.startswith(HEAD_PREFIX)


def add_probability_head(features, **dense):
    """One output unit on pooled features.

    The logit has a layer of its own because a saturated sigmoid has no gradient to explain.

    Args:
        features: tensor (batch, n).
        dense: settings of the logit's layer.

    Returns:
        Tensor (batch, 1) in 0–1.
    """
    logit = layers.Dense(1, name=LOGIT_LAYER, **dense)(features)
    return layers.Activation("sigmoid", name=PROBABILITY_LAYER)(logit)


def add_softmax_head(features):
    """Two output units under a softmax, as logit and probability of the second.

    The softmax of two units is the sigmoid of their difference, and their cross-entropy that of the sigmoid; so
    the network is the published one, and everything that asks for a logit finds it.

    Args:
        features: tensor (batch, n).

    Returns:
        Tensor (batch, 1) in 0–1.
    """
    classes = layers.Dense(2, name=CLASSES_LAYER)(features)
    logit = layers.Subtract(name=LOGIT_LAYER)([classes[:, 1:], classes[:, :1]])
    return layers.Activation("sigmoid", name=PROBABILITY_LAYER)(logit)
