"""What of a network's answer is explained, as the library wants it: functions from outputs (batch, 1) to (batch,)."""

from collections.abc import Callable

import tensorflow as tf

ScoreFunction = Callable[[tf.Tensor], tf.Tensor]


def logit_score(label: int) -> ScoreFunction:
    """The logit of a label: z for *fracture*, −z for *no fracture*."""
    sign = 1.0 if label else -1.0
    return lambda outputs: sign * outputs[:, 0]


def surprise_score(label: int) -> ScoreFunction:
    """How much a network is against the other label: −ln of the probability that it gives that, ln(1 + exp(±z)).

    It rises like the logit where the network is sure of the label, and hardly at all where it is sure of the other:
    its gradient is the logit's times the probability. So methods that keep positive parts only, which would light up
    any film, stay calm on a normal one, and a saturated probability still has a gradient.
    """
    logit = logit_score(label)
    return lambda outputs: tf.math.softplus(logit(outputs))


def centre_score(score: ScoreFunction) -> ScoreFunction:
    """The same gradient at the value 0.

    Grad-CAM++ explains the exponential of the score it is given, and multiplies each map by it; at 0 that factor
    is 1, and the map keeps the units of the score.
    """

    def at_zero(outputs: tf.Tensor) -> tf.Tensor:
        value = score(outputs)
        return value - tf.stop_gradient(value)

    return at_zero
