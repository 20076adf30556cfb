"""The end of every network: one named logit, then its probability."""

from keras import layers

from fracture_core.zoo.architecture import LOGIT, MAP, PROBABILITY

#: What the names of a head's hidden layers begin with.
HEAD = "head_"


def in_head(name: str) -> bool:
    """Whether a layer of this name belongs to a new head; all others belong to the backbone."""
    return name in (LOGIT, MAP) or name.startswith(HEAD)


def probability(features, **dense):
    """One output unit on pooled features.

    The logit has a layer of its own because a saturated sigmoid has no gradient to explain.

    Args:
        features: tensor (batch, n).
        dense: settings of the logit's layer.

    Returns:
        Tensor (batch, 1) in 0–1.
    """
    logit = layers.Dense(1, name=LOGIT, **dense)(features)
    return layers.Activation("sigmoid", name=PROBABILITY)(logit)
