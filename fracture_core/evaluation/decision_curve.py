"""Decision curve: whether acting on the model's word does more good than acting on all films, or on none.

Whoever acts at a probability of 10% holds one fracture found to be worth nine false alarms. The net benefit counts
fractures found, less false alarms weighted by these odds, per film: 0.10 is as good as finding ten fractures in a
hundred films without a false alarm. Intervals hold films of one group together, as `proportion` does.

Source: A. J. Vickers and E. B. Elkin, "Decision curve analysis: a novel method for evaluating prediction models",
Medical Decision Making 26, 2006.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from fracture_core.evaluation.confusion import is_flagged
from fracture_core.evaluation.interval import CONFIDENCE_LEVEL, Interval
from fracture_core.evaluation.scored_cases import ScoredCases, check_scored_cases, require_both_classes

#: Threshold probabilities of a curve, 1% to 99%; at 100% a false alarm would weigh infinitely.
DECISION_THRESHOLDS = np.arange(1, 100) / 100

_Thresholds = TypeVar("_Thresholds", float, NDArray[np.float64])


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit by threshold probability; all arrays of shape (thresholds,).

    Attributes:
        thresholds: probabilities from which one acts, rising.
        model: net benefit per film of acting where the model's probability reaches the threshold; low and high: its
            95% interval, nan for films of a single group.
        low: lower end.
        high: upper end.
        every: net benefit of acting on every film. That of acting on none is 0.
        prevalence: share of fractures, the most that can be had.
        n: films.
    """

    thresholds: NDArray[np.float64]
    model: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    every: NDArray[np.float64]
    prevalence: float
    n: int

    def useful_range(self) -> tuple[float, float] | None:
        """The longest run of thresholds at which the model beats acting on all films and on none; None without any."""
        better = self.model > np.maximum(self.every, 0)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], better, [False]])))
        if not len(edges):
            return None
        starts, ends = edges[::2], edges[1::2]
        longest = int(np.argmax(ends - starts))
        return float(self.thresholds[starts[longest]]), float(self.thresholds[ends[longest] - 1])

    def display_range(self) -> tuple[float, float]:
        """Net benefits worth drawing: a little below 0 to a little above the best. Acting on all falls far below."""
        best = float(np.nanmax(np.concatenate([self.high, self.model, [self.prevalence]])))
        return -0.15 * best, 1.08 * best

    def to_frame(self) -> pd.DataFrame:
        """The curve as a table."""
        return pd.DataFrame(
            {
                "threshold": self.thresholds,
                "net_benefit": self.model,
                "low": self.low,
                "high": self.high,
                "net_benefit_of_all": self.every,
                "net_benefit_of_none": 0.0,
            }
        )


def compute_decision_curve(
    label: ArrayLike, probability: ArrayLike, group: ArrayLike | None = None
) -> DecisionCurve:
    """The decision curve of a set of cases.

    Args:
        label: 0 or 1, shape (n,).
        probability: calibrated, of *fracture*, 0–1, shape (n,).
        group: group ids, shape (n,).

    Raises:
        DataError: labels or probabilities are not what they should be, or one class is missing.
    """
    cases = check_scored_cases(label, probability, group)
    require_both_classes(cases.label, "for a decision curve")
    found = [_measure(cases, threshold) for threshold in DECISION_THRESHOLDS]
    share = float(cases.label.mean())
    return DecisionCurve(
        thresholds=DECISION_THRESHOLDS,
        model=np.array([one.value for one in found]),
        low=np.array([one.low for one in found]),
        high=np.array([one.high for one in found]),
        every=net_benefit_of_all(share, DECISION_THRESHOLDS),
        prevalence=share,
        n=len(cases),
    )


def net_benefit_of_all(prevalence: float, threshold: _Thresholds) -> _Thresholds:
    """The net benefit per film of acting on every film.

    Args:
        prevalence: share of fractures, 0–1.
        threshold: probability from which one acts, 0–1 and not 1; one or many.
    """
    return prevalence - (1 - prevalence) * threshold / (1 - threshold)


def net_benefit(
    label: ArrayLike, probability: ArrayLike, group: ArrayLike | None, threshold: float
) -> Interval:
    """The net benefit per film at one threshold probability.

    Args:
        label: 0 or 1, shape (n,).
        probability: calibrated, of *fracture*, 0–1, shape (n,).
        group: group ids, shape (n,), or None.
        threshold: from which one acts, 0–1.

    Returns:
        Not measurable at a threshold of 1, where a false alarm would weigh infinitely, and without cases.

    Raises:
        DataError: labels or probabilities are not what they should be.
    """
    return _measure(check_scored_cases(label, probability, group), threshold)


def _measure(cases: ScoredCases, threshold: float) -> Interval:
    n = len(cases)
    if not n or threshold >= 1:
        return Interval.unknown(n)
    worth = np.where(cases.label == 1, 1.0, -threshold / (1 - threshold))
    gained = np.where(is_flagged(cases.probability, threshold), worth, 0.0)
    mean = float(gained.mean())
    sizes = np.bincount(cases.group).astype(float)
    sums = np.bincount(cases.group, weights=gained)[sizes > 0]
    sizes = sizes[sizes > 0]
    groups = len(sizes)
    if groups == 1:
        return Interval(mean, np.nan, np.nan, n)
    # The variance of a mean as a ratio of group sums, with a t quantile for few groups.
    error = float(np.sqrt(groups / (groups - 1) * ((sums - mean * sizes) ** 2).sum())) / n
    reach = float(stats.t.ppf((1 + CONFIDENCE_LEVEL) / 2, groups - 1)) * error
    return Interval(mean, mean - reach, mean + reach, n)
