"""Predictive values where fractures are rarer or commoner than in the test set.

Sensitivity and specificity go with the model, predictive values with the place: where few have a fracture, most
alarms are false. Bayes' theorem in odds multiplies the odds of a fracture by a likelihood ratio, so the interval of
the ratio gives that of the predictive value. It comes from the clustered intervals of sensitivity and specificity by
MOVER-R, which copes with 0% and 100%; it takes the two for independent, and the prevalence for known.

Source: R. G. Newcombe, "MOVER-R confidence intervals for ratios and products of two independently estimated
quantities", Statistical Methods in Medical Research 25, 2016.
"""

import math
from dataclasses import dataclass

from fracture_core.errors import DataError
from fracture_core.evaluation.interval import Interval


@dataclass(frozen=True)
class PredictiveValues:
    """What an answer of the model means at a prevalence.

    Attributes:
        prevalence: share of films with a fracture, 0–1.
        positive: of the films that are flagged, the share with a fracture.
        negative: of the films that are not flagged, the share without one.
        flagged: share of all films that are flagged; nan where sensitivity or specificity is unknown.
    """

    prevalence: float
    positive: Interval
    negative: Interval
    flagged: float

    @property
    def missed(self) -> Interval:
        """Of the films that are not flagged, the share with a fracture."""
        return _complement(self.negative)


def compute_predictive_values(
    sensitivity: Interval, specificity: Interval, prevalence: float
) -> PredictiveValues:
    """Predictive values at a prevalence.

    Args:
        sensitivity: with its interval.
        specificity: with its interval.
        prevalence: share of films with a fracture, within 0–1 and neither 0 nor 1.

    Raises:
        DataError: the prevalence is not within 0 and 1.
    """
    if not 0 < prevalence < 1:
        raise DataError(f"Expected a prevalence between 0 and 1, got {prevalence}: choose one in between.")
    odds = prevalence / (1 - prevalence)
    alarms, missed = _complement(specificity), _complement(sensitivity)
    # Odds of a fracture among the flagged, and of none among the others.
    positive = _share(_ratio(sensitivity, alarms), odds)
    negative = _share(_ratio(specificity, missed), 1 / odds)
    flagged = prevalence * sensitivity.value + (1 - prevalence) * alarms.value
    return PredictiveValues(prevalence, positive, negative, flagged)


def _complement(found: Interval) -> Interval:
    return Interval(1 - found.value, 1 - found.high, 1 - found.low, found.n)


def _ratio(above: Interval, below: Interval) -> Interval:
    """The ratio of two proportions by MOVER-R; infinite where `below` may be 0, unknown where both are 0."""
    n = above.n + below.n
    if not above.is_measured or not below.is_measured or above.value == below.value == 0:
        return Interval.unknown(n)
    product = above.value * below.value

    def parts(first: float, second: float) -> tuple[float, float, float]:
        top = first * (2 * above.value - first)
        bottom = second * (2 * below.value - second)
        return top, bottom, product + math.sqrt(max(product**2 - top * bottom, 0.0))

    # The lower end is written so that nothing is divided by `bottom`, which may be 0 there.
    top, _, whole = parts(above.low, below.high)
    low = top / whole if whole else 0.0
    _, bottom, whole = parts(above.high, below.low)
    high = whole / bottom if bottom > 0 else math.inf
    return Interval(above.value / below.value if below.value else math.inf, low, high, n)


def _share(ratio: Interval, odds: float) -> Interval:
    """Odds times a likelihood ratio as a share."""

    def share(of: float) -> float:
        return 1.0 if math.isinf(of) else of * odds / (1 + of * odds)

    return Interval(share(ratio.value), share(ratio.low), share(ratio.high), ratio.n)
