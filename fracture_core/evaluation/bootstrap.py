"""Cluster bootstrap of metrics that are computed from confusion counts.

Each resample draws whole groups, which preserves the correlation within groups. Only the counts of each group are
needed, so all resamples together are one matrix product.

Source: C. A. Field and A. H. Welsh, "Bootstrapping clustered data", J. R. Statist. Soc. B 69, 2007 (cluster
bootstrap).
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from fracture_core.evaluation.confusion import is_flagged
from fracture_core.evaluation.interval import CONFIDENCE_LEVEL, Interval
from fracture_core.evaluation.scored_cases import ScoredCases

#: Confusion counts with the last axis (tp, fp, tn, fn).
Counts = NDArray[np.float64]

RESAMPLES = 2000
SEED = 20240229


def f1_score(counts: Counts) -> NDArray[np.float64]:
    """Compute the F1 score.

    Args:
        counts: Confusion counts, shape (..., 4).

    Returns:
        The score, 0–1, shape (...); nan without fractures.
    """
    tp, fp, _, fn = np.moveaxis(counts, -1, 0)
    return _ratio(2 * tp, np.where(tp + fn > 0, 2 * tp + fp + fn, 0))


def balanced_accuracy(counts: Counts) -> NDArray[np.float64]:
    """Compute the mean of sensitivity and specificity.

    Args:
        counts: Confusion counts, shape (..., 4).

    Returns:
        The score, 0–1, shape (...); nan if a class is missing.
    """
    tp, fp, tn, fn = np.moveaxis(counts, -1, 0)
    return (_ratio(tp, tp + fn) + _ratio(tn, tn + fp)) / 2


def matthews_correlation(counts: Counts) -> NDArray[np.float64]:
    """Compute the Matthews correlation coefficient.

    Args:
        counts: Confusion counts, shape (..., 4).

    Returns:
        The coefficient, −1 to 1, shape (...); 0 if all decisions are equal, nan if a class is missing.
    """
    tp, fp, tn, fn = np.moveaxis(counts, -1, 0)
    classes = (tp + fn) * (tn + fp)
    decisions = (tp + fp) * (tn + fn)
    root = np.sqrt(classes * np.where(decisions > 0, decisions, 1))
    return _ratio(np.where(decisions > 0, tp * tn - fp * fn, 0), root)


#: Metrics with a bootstrap interval, by name.
BOOTSTRAP_SCORES: Mapping[str, Callable[[Counts], NDArray[np.float64]]] = {
    "f1": f1_score,
    "balanced_accuracy": balanced_accuracy,
    "mcc": matthews_correlation,
}


def group_confusion_counts(cases: ScoredCases, threshold: float) -> Counts:
    """Count the decisions of each group.

    Args:
        cases: The cases.
        threshold: Decision threshold; see `confusion.is_flagged`.

    Returns:
        Confusion counts, shape (groups, 4).
    """
    present, code = np.unique(cases.group, return_inverse=True)
    flagged = is_flagged(cases.probability, threshold)
    # 0 tp, 1 fp, 2 tn, 3 fn
    cell = np.where(flagged, np.where(cases.label == 1, 0, 1), np.where(cases.label == 1, 3, 2))
    return np.bincount(code * 4 + cell, minlength=4 * len(present)).reshape(-1, 4).astype(np.float64)


def bootstrap_intervals(
    cases: ScoredCases, threshold: float, resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Interval]:
    """Compute every metric of `BOOTSTRAP_SCORES` with a 95% percentile interval.

    Resamples for which a metric is undefined are ignored. If all resamples agree (a perfect score or a single
    group), the bootstrap cannot estimate the uncertainty, and the value has no interval.

    Args:
        cases: The cases.
        threshold: Decision threshold; see `confusion.is_flagged`.
        resamples: Number of bootstrap resamples.
        seed: Seed of the resamples; the same seed gives the same intervals.

    Returns:
        The intervals, by name of the metric.
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
        value = float(score(counts.sum(axis=0)))
        draws = score(sums)
        draws = draws[~np.isnan(draws)]
        if np.isnan(value):
            intervals[name] = Interval.unknown(n)
        elif not len(draws) or np.ptp(draws) == 0:
            intervals[name] = Interval(value, np.nan, np.nan, n)
        else:
            low, high = np.percentile(draws, [50 * (1 - CONFIDENCE_LEVEL), 50 * (1 + CONFIDENCE_LEVEL)])
            intervals[name] = Interval(value, float(low), float(high), n)
    return intervals


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    """Element-wise ratio; nan where the denominator is 0."""
    denominator = np.asarray(denominator, dtype=np.float64)
    ratio: NDArray[np.float64] = np.divide(
        numerator, denominator, out=np.full(denominator.shape, np.nan), where=denominator != 0
    )
    return ratio
