"""The end of every network: one named logit, then its probability."""

from keras import layers

from fracture_core.zoo.architecture import LOGIT, PROBABILITY

#: Layers that a new head consists of; all others belong to the backbone.
HEAD_LAYERS = frozenset({LOGIT})


def probability(features):
    """One output unit on pooled features.

    The logit has a layer of its own because a saturated sigmoid has no gradient to explain.

    Args:
        features: tensor (batch, n).

    Returns:
        Tensor (batch, 1) in 0–1.
    """
    logit = layers.Dense(1, name=LOGIT)(features)
    return layers.Activation("sigmoid", name=PROBABILITY)(logit)
