"""Predictive values at a given prevalence.

Predictive values depend on the prevalence: where fractures are rare, most alarms are false. By Bayes' theorem, the
posterior odds are the prior odds times a likelihood ratio. The interval of the likelihood ratio is computed by MOVER-R
from the clustered intervals of sensitivity and specificity. MOVER-R handles 0% and 100%; it assumes that both are
independent. The prevalence is assumed to be known exactly.

Source: R. G. Newcombe, "MOVER-R confidence intervals for ratios and products of two independently estimated
quantities", Statistical Methods in Medical Research 25, 2016.
"""

import math
from dataclasses import dataclass

from fracture_core.errors import DataError
from fracture_core.evaluation.interval import Interval


@dataclass(frozen=True)
class PredictiveValues:
    """Predictive values at a prevalence.

    Attributes:
        prevalence: Share of images with a fracture, 0–1.
        positive: Positive predictive value: share of fractures among the flagged images.
        negative: Negative predictive value: share of images without a fracture among those not flagged.
        flagged: Share of all images that are flagged; nan if sensitivity or specificity is unknown.
    """

    prevalence: float
    positive: Interval
    negative: Interval
    flagged: float

    @property
    def missed(self) -> Interval:
        """Share of fractures among the images that are not flagged: 1 − negative predictive value."""
        return _complement(self.negative)


def compute_predictive_values(
    sensitivity: Interval, specificity: Interval, prevalence: float
) -> PredictiveValues:
    """Compute the predictive values at a prevalence.

    Args:
        sensitivity: Sensitivity with its interval.
        specificity: Specificity with its interval.
        prevalence: Share of images with a fracture, above 0 and below 1.

    Returns:
        The predictive values.

    Raises:
        DataError: The prevalence is out of range.
    """
    if not 0 < prevalence < 1:
        raise DataError(
            f"Expected a prevalence between 0 and 1, got {prevalence}: choose a value above 0% and below 100%."
        )
    odds = prevalence / (1 - prevalence)
    alarms, missed = _complement(specificity), _complement(sensitivity)
    # Likelihood ratios for a fracture given a flag, and for no fracture given no flag.
    positive = _posterior(_ratio(sensitivity, alarms), odds)
    negative = _posterior(_ratio(specificity, missed), 1 / odds)
    flagged = prevalence * sensitivity.value + (1 - prevalence) * alarms.value
    return PredictiveValues(prevalence, positive, negative, flagged)


def _complement(proportion: Interval) -> Interval:
    return Interval(1 - proportion.value, 1 - proportion.high, 1 - proportion.low, proportion.n)


def _ratio(numerator: Interval, denominator: Interval) -> Interval:
    """Ratio of two proportions by MOVER-R; infinite if the denominator is 0, without a value if both are 0."""
    n = numerator.n + denominator.n
    if not numerator.is_measured or not denominator.is_measured or numerator.value == denominator.value == 0:
        return Interval.unknown(n)
    product = numerator.value * denominator.value

    def terms(first: float, second: float) -> tuple[float, float, float]:
        top = first * (2 * numerator.value - first)
        bottom = second * (2 * denominator.value - second)
        return top, bottom, product + math.sqrt(max(product**2 - top * bottom, 0.0))

    # The lower end is written without a division by `bottom`, which may be 0 there.
    top, _, total = terms(numerator.low, denominator.high)
    low = top / total if total else 0.0
    _, bottom, total = terms(numerator.high, denominator.low)
    high = total / bottom if bottom > 0 else math.inf
    return Interval(numerator.value / denominator.value if denominator.value else math.inf, low, high, n)


def _posterior(ratio: Interval, odds: float) -> Interval:
    """Posterior probability from a likelihood ratio and prior odds."""

    def probability(value: float) -> float:
        return 1.0 if math.isinf(value) else value * odds / (1 + value * odds)

    return Interval(probability(ratio.value), probability(ratio.low), probability(ratio.high), ratio.n)
