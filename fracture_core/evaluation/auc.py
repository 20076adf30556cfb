"""Area under the ROC curve (AUC) with a confidence interval for clustered data.

Sources:
    N. A. Obuchowski, "Nonparametric analysis of clustered ROC curve data", Biometrics 53, 1997 (variance).
    E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, "Comparing the areas under two or more correlated receiver
    operating characteristic curves", Biometrics 44, 1988 (the special case of independent cases).
    X. Sun and W. Xu, "Fast implementation of DeLong's algorithm", IEEE Signal Processing Letters 21, 2014 (midranks).
    R. G. Newcombe, "Confidence intervals for an effect size measure based on the Mann–Whitney statistic, part 2",
    Statistics in Medicine 25, 2006, method 5 (interval if the variance is zero or unknown).
"""

import math
from statistics import NormalDist

import numpy as np
import scipy
from numpy.typing import NDArray

from fracture_core.evaluation.interval import CONFIDENCE_LEVEL, Interval
from fracture_core.evaluation.scored_cases import ScoredCases

_Z = NormalDist().inv_cdf((1 + CONFIDENCE_LEVEL) / 2)


def auc_interval(cases: ScoredCases) -> Interval:
    """Compute the AUC with a 95% confidence interval.

    The interval is computed on the logit scale with Obuchowski's variance, so it stays within 0–1. If the variance is
    zero or cannot be estimated (perfect separation, or a single group with a fracture), Newcombe's score interval is
    used, with the number of groups instead of cases.

    Args:
        cases: The cases.

    Returns:
        The AUC: 0.5 at chance, 1 for perfect separation; without a value if one class is missing.
    """
    n = len(cases)
    if len(np.unique(cases.label)) < 2:
        return Interval.unknown(n)
    from sklearn.metrics import roc_auc_score

    area = float(roc_auc_score(cases.label, cases.probability))
    variance = auc_variance(cases)
    if 0 < area < 1 and variance > 0:
        centre = float(scipy.special.logit(area))
        half = _Z * math.sqrt(variance) / (area * (1 - area))
        return Interval(
            area, float(scipy.special.expit(centre - half)), float(scipy.special.expit(centre + half)), n
        )
    positive = cases.label == 1
    low, high = _newcombe_interval(
        area, len(np.unique(cases.group[positive])), len(np.unique(cases.group[~positive]))
    )
    return Interval(area, low, high, n)


def auc_variance(cases: ScoredCases) -> float:
    """Compute the variance of the AUC from structural components summed by group (Obuchowski 1997).

    It equals DeLong's variance if every group contains one case.

    Args:
        cases: Cases of both classes.

    Returns:
        The variance; nan if all cases of a class are in a single group.
    """
    positive = cases.label == 1
    m, n = int(positive.sum()), int((~positive).sum())
    of_positive, of_negative = _components(cases.probability[positive], cases.probability[~positive])
    area = float(of_positive.mean())
    total = int(cases.group.max()) + 1
    excess_positive = np.bincount(cases.group[positive], weights=of_positive - area, minlength=total)
    excess_negative = np.bincount(cases.group[~positive], weights=of_negative - area, minlength=total)
    with_positive = len(np.unique(cases.group[positive]))
    with_negative = len(np.unique(cases.group[~positive]))
    groups = len(np.unique(cases.group))
    if with_positive < 2 or with_negative < 2:
        return math.nan
    s10 = with_positive / (with_positive - 1) * float((excess_positive**2).sum()) / m
    s01 = with_negative / (with_negative - 1) * float((excess_negative**2).sum()) / n
    s11 = groups / (groups - 1) * float((excess_positive * excess_negative).sum())
    return s10 / m + s01 / n + 2 * s11 / (m * n)


def _components(
    positive: NDArray[np.float64], negative: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Structural components: for each positive the share of negatives below it, for each negative of positives above.

    Ties count one half.
    """
    m, n = len(positive), len(negative)
    ranks = scipy.stats.rankdata(np.concatenate([positive, negative]))
    of_positive = (ranks[:m] - scipy.stats.rankdata(positive)) / n
    of_negative = 1 - (ranks[m:] - scipy.stats.rankdata(negative)) / m
    return of_positive, of_negative


def _newcombe_interval(area: float, m: int, n: int) -> tuple[float, float]:
    """Score interval for an AUC with m independent positives and n independent negatives (Newcombe 2006, method 5)."""
    star = (m + n) / 2 - 1

    def distance(theta: float) -> float:
        inner = 1 + star * (1 - theta) / (2 - theta) + star * theta / (1 + theta)
        return (area - theta) ** 2 - _Z**2 * theta * (1 - theta) * inner / (m * n)

    low = 0.0 if area <= 0 else float(scipy.optimize.brentq(distance, 0.0, area - 1e-12))
    high = 1.0 if area >= 1 else float(scipy.optimize.brentq(distance, area + 1e-12, 1.0))
    return low, high
