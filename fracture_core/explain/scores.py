"""Scores that heatmaps explain, in the form tf-keras-vis expects: functions from outputs (batch, 1) to (batch,)."""

from collections.abc import Callable

import tensorflow as tf

ScoreFunction = Callable[[tf.Tensor], tf.Tensor]


def logit_score(label: int) -> ScoreFunction:
    """Return the logit of a label.

    Args:
        label: 1 for *fracture*, 0 for *no fracture*.

    Returns:
        A function to z for *fracture* and to −z for *no fracture*.
    """
    sign = 1.0 if label else -1.0
    return lambda outputs: sign * outputs[:, 0]


def surprise_score(label: int) -> ScoreFunction:
    """Return the surprise of the other label: −ln of its probability, which is ln(1 + exp(±z)).

    It equals the logit where the network is sure of the label, and zero where it is sure of the other label. Its
    gradient is that of the logit times the probability. Methods that keep only positive parts therefore show little on
    a normal image, and a saturated probability still has a gradient.

    Args:
        label: 1 for *fracture*, 0 for *no fracture*.

    Returns:
        A function from logits (batch, 1) to scores (batch,), 0 or more.
    """
    logit = logit_score(label)
    return lambda outputs: tf.math.softplus(logit(outputs))


def centre_score(score: ScoreFunction) -> ScoreFunction:
    """Return a score with the value 0 and the same gradient.

    Grad-CAM++ multiplies each map by the exponential of the score. At 0 this factor is 1, and the map keeps the
    units of the score.

    Args:
        score: Score to shift.

    Returns:
        The shifted score.
    """

    def centred(outputs: tf.Tensor) -> tf.Tensor:
        value = score(outputs)
        return value - tf.stop_gradient(value)

    return centred
