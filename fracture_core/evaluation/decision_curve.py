"""Decision curve analysis: net benefit of the model compared with treating all cases or none.

A threshold probability of 10% means that one detected fracture is worth nine false alarms. The net benefit per image
is the share of detected fractures minus the share of false alarms weighted by these odds. A net benefit of 0.10
corresponds to ten detected fractures per hundred images without a false alarm. Intervals account for groups.

Source: A. J. Vickers and E. B. Elkin, "Decision curve analysis: a novel method for evaluating prediction models",
Medical Decision Making 26, 2006.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fracture_core.evaluation.confusion import is_flagged
from fracture_core.evaluation.interval import CONFIDENCE_LEVEL, Interval
from fracture_core.evaluation.scored_cases import ScoredCases, check_scored_cases, require_both_classes

if TYPE_CHECKING:
    import pandas as pd

#: Threshold probabilities of a curve, 1% to 99%; at 100% the weight of a false alarm is infinite.
DECISION_THRESHOLDS = np.arange(1, 100) / 100

_Thresholds = TypeVar("_Thresholds", float, NDArray[np.float64])


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit by threshold probability; all arrays have shape (thresholds,).

    Attributes:
        thresholds: Threshold probabilities, ascending.
        model: Net benefit per image of treating the cases whose probability reaches the threshold.
        low: Lower end of the 95% confidence interval of `model`; nan for a single group.
        high: Upper end of the interval; nan for a single group.
        treat_all: Net benefit per image of treating all cases. That of treating none is 0.
        prevalence: Share of fractures, the maximum net benefit.
        n: Number of images.
    """

    thresholds: NDArray[np.float64]
    model: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    treat_all: NDArray[np.float64]
    prevalence: float
    n: int

    def useful_range(self) -> tuple[float, float] | None:
        """Find where the model is better than treating all cases and treating none.

        Returns:
            First and last threshold of the longest such range; None if there is none.
        """
        better = self.model > np.maximum(self.treat_all, 0)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], better, [False]])))
        if not len(edges):
            return None
        starts, ends = edges[::2], edges[1::2]
        longest = int(np.argmax(ends - starts))
        return float(self.thresholds[starts[longest]]), float(self.thresholds[ends[longest] - 1])

    def display_range(self) -> tuple[float, float]:
        """Return the limits of the y-axis: slightly below 0 to slightly above the maximum."""
        best = float(np.nanmax(np.concatenate([self.high, self.model, [self.prevalence]])))
        return -0.15 * best, 1.08 * best

    def to_frame(self) -> pd.DataFrame:
        """Return the curve as a table with one row per threshold."""
        import pandas as pd

        return pd.DataFrame(
            {
                "threshold": self.thresholds,
                "net_benefit": self.model,
                "low": self.low,
                "high": self.high,
                "net_benefit_of_all": self.treat_all,
                "net_benefit_of_none": 0.0,
            }
        )


def compute_decision_curve(
    label: ArrayLike, probability: ArrayLike, group: ArrayLike | None = None
) -> DecisionCurve:
    """Compute the decision curve of a set of cases.

    Args:
        label: 0 or 1, shape (n,).
        probability: Calibrated probability of a fracture, 0–1, shape (n,).
        group: Group ids, shape (n,), or None.

    Returns:
        The curve at `DECISION_THRESHOLDS`.

    Raises:
        DataError: Labels or probabilities are invalid, or one class is missing.
    """
    cases = check_scored_cases(label, probability, group)
    require_both_classes(cases.label, "for a decision curve")
    intervals = [_measure(cases, threshold) for threshold in DECISION_THRESHOLDS]
    prevalence = float(cases.label.mean())
    return DecisionCurve(
        thresholds=DECISION_THRESHOLDS,
        model=np.array([interval.value for interval in intervals]),
        low=np.array([interval.low for interval in intervals]),
        high=np.array([interval.high for interval in intervals]),
        treat_all=net_benefit_of_all(prevalence, DECISION_THRESHOLDS),
        prevalence=prevalence,
        n=len(cases),
    )


def net_benefit_of_all(prevalence: float, threshold: _Thresholds) -> _Thresholds:
    """Compute the net benefit per image of treating all cases.

    Args:
        prevalence: Share of fractures, 0–1.
        threshold: Threshold probability, at least 0 and below 1; a number or an array.

    Returns:
        The net benefit, in the shape of `threshold`.
    """
    return prevalence - (1 - prevalence) * threshold / (1 - threshold)


def net_benefit(
    label: ArrayLike, probability: ArrayLike, group: ArrayLike | None, threshold: float
) -> Interval:
    """Compute the net benefit per image at one threshold probability.

    Args:
        label: 0 or 1, shape (n,).
        probability: Calibrated probability of a fracture, 0–1, shape (n,).
        group: Group ids, shape (n,), or None.
        threshold: Threshold probability, 0–1.

    Returns:
        The net benefit; without a value at a threshold of 1 and without cases.

    Raises:
        DataError: Labels or probabilities are invalid.
    """
    return _measure(check_scored_cases(label, probability, group), threshold)


def _measure(cases: ScoredCases, threshold: float) -> Interval:
    n = len(cases)
    if not n or threshold >= 1:
        return Interval.unknown(n)
    weight = np.where(cases.label == 1, 1.0, -threshold / (1 - threshold))
    benefit = np.where(is_flagged(cases.probability, threshold), weight, 0.0)
    mean = float(benefit.mean())
    sizes = np.bincount(cases.group).astype(float)
    sums = np.bincount(cases.group, weights=benefit)[sizes > 0]
    sizes = sizes[sizes > 0]
    groups = len(sizes)
    if groups == 1:
        return Interval(mean, np.nan, np.nan, n)
    # Variance of a ratio of group sums, with a t quantile because groups may be few.
    standard_error = float(np.sqrt(groups / (groups - 1) * ((sums - mean * sizes) ** 2).sum())) / n
    margin = float(scipy.stats.t.ppf((1 + CONFIDENCE_LEVEL) / 2, groups - 1)) * standard_error
    return Interval(mean, mean - margin, mean + margin, n)
