"""Clustered bootstrap of scores that are computed from confusion counts.

Whole groups are drawn again, so what belongs together stays together. Only the counts of each group enter,
which makes a resample a sum over groups and the whole bootstrap one matrix product.

Source: C. A. Field and A. H. Welsh, "Bootstrapping clustered data", J. R. Statist. Soc. B 69, 2007 (cluster
bootstrap).
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from fracture_core.evaluation.confusion import is_flagged
from fracture_core.evaluation.interval import CONFIDENCE_LEVEL, Interval
from fracture_core.evaluation.scored_cases import ScoredCases

#: Confusion counts tp, fp, tn, fn, in this order, as the last axis.
Counts = NDArray[np.float64]

RESAMPLES = 2000
SEED = 20240229


def f1_score(counts: Counts) -> NDArray[np.float64]:
    """F1 score, 0–1; nan where there is no fracture."""
    tp, fp, _, fn = np.moveaxis(counts, -1, 0)
    return _ratio(2 * tp, np.where(tp + fn > 0, 2 * tp + fp + fn, 0))


def balanced_accuracy(counts: Counts) -> NDArray[np.float64]:
    """Mean of sensitivity and specificity, 0–1; nan where a class is missing."""
    tp, fp, tn, fn = np.moveaxis(counts, -1, 0)
    return (_ratio(tp, tp + fn) + _ratio(tn, tn + fp)) / 2


def matthews_correlation(counts: Counts) -> NDArray[np.float64]:
    """Matthews' correlation, −1 to 1; 0 where all decisions are alike, nan where a class is missing."""
    tp, fp, tn, fn = np.moveaxis(counts, -1, 0)
    classes = (tp + fn) * (tn + fp)
    decisions = (tp + fp) * (tn + fn)
    root = np.sqrt(classes * np.where(decisions > 0, decisions, 1))
    return _ratio(np.where(decisions > 0, tp * tn - fp * fn, 0), root)


#: Scores that get a bootstrap interval.
BOOTSTRAP_SCORES: Mapping[str, Callable[[Counts], NDArray[np.float64]]] = {
    "f1": f1_score,
    "balanced_accuracy": balanced_accuracy,
    "mcc": matthews_correlation,
}


def group_confusion_counts(cases: ScoredCases, threshold: float) -> Counts:
    """Confusion counts of each group, shape (groups, 4)."""
    present, code = np.unique(cases.group, return_inverse=True)
    called = is_flagged(cases.probability, threshold)
    # 0 tp, 1 fp, 2 tn, 3 fn
    cell = np.where(called, np.where(cases.label == 1, 0, 1), np.where(cases.label == 1, 3, 2))
    return np.bincount(code * 4 + cell, minlength=4 * len(present)).reshape(-1, 4).astype(np.float64)


def bootstrap_intervals(
    cases: ScoredCases, threshold: float, resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Interval]:
    """Every score of `BOOTSTRAP_SCORES` with a 95% percentile interval.

    Resamples on which a score is undefined are left out of its interval. Where all resamples agree (a perfect
    score, or a single group) the bootstrap knows nothing of the uncertainty: the value then stands without an
    interval.

    Args:
        cases: the cases.
        threshold: at or above it a case counts as *fracture*.
        resamples: how many times the groups are drawn.
        seed: of the draws; the same seed gives the same intervals.
    """
    n = len(cases)
    if not n:
        return {name: Interval.unknown() for name in BOOTSTRAP_SCORES}
    counts = group_confusion_counts(cases, threshold)
    groups = len(counts)
    drawn = np.random.default_rng(seed).integers(0, groups, size=(resamples, groups), dtype=np.int32)
    drawn += groups * np.arange(resamples, dtype=np.int32)[:, None]
    times = np.bincount(drawn.ravel(), minlength=resamples * groups).reshape(resamples, groups)
    sums = times.astype(np.float64) @ counts
    intervals = {}
    for name, score in BOOTSTRAP_SCORES.items():
        measured = float(score(counts.sum(axis=0)))
        draws = score(sums)
        draws = draws[~np.isnan(draws)]
        if np.isnan(measured):
            intervals[name] = Interval.unknown(n)
        elif not len(draws) or np.ptp(draws) == 0:
            intervals[name] = Interval(measured, np.nan, np.nan, n)
        else:
            low, high = np.percentile(draws, [50 * (1 - CONFIDENCE_LEVEL), 50 * (1 + CONFIDENCE_LEVEL)])
            intervals[name] = Interval(measured, float(low), float(high), n)
    return intervals


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Above / below, nan where below is 0."""
    below = np.asarray(below, dtype=np.float64)
    return np.divide(above, below, out=np.full(below.shape, np.nan), where=below != 0)
