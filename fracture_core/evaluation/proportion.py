"""Proportions with an interval that knows that cases of one group resemble each other.

Views of one patient are right or wrong together, so n cases in few groups say less than n independent cases.
The design effect says how much less: n / deff is the number of independent cases that would be as
informative, and a Wilson interval is taken on it.

Sources:
    J. N. K. Rao and A. J. Scott, "A simple method for the analysis of clustered binary data", Biometrics 48,
    1992.
    E. L. Korn and B. I. Graubard, "Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data", Survey Methodology 24, 1998.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from fracture_core.evaluation.interval import CONFIDENCE_LEVEL, Interval


def effective_sample_size(success: NDArray[np.bool_], group: NDArray[np.int64]) -> float:
    """Number of independent cases that would be as informative as these.

    The variance of the proportion, seen as a ratio of group sums, over that of independent cases is the
    design effect, never taken below 1; Korn and Graubard's ratio of t quantiles pays for having estimated it
    from few groups. At 0% and 100%, and in a single group, the design effect cannot be estimated: there
    Kish's worst case is taken, in which the cases of one group are copies of each other. Independent cases
    give n itself.

    Args:
        success: shape (n,), n > 0.
        group: group codes from 0, shape (n,).

    Returns:
        A number within 1 and n.
    """
    n = len(success)
    sizes = np.bincount(group).astype(float)
    hits = np.bincount(group, weights=success)[sizes > 0]
    sizes = sizes[sizes > 0]
    groups = len(sizes)
    share = float(success.mean())
    if share in (0.0, 1.0) or groups == 1:
        return max(n**2 / float((sizes**2).sum()), 1.0)
    variance = groups / (groups - 1) * float(((hits - share * sizes) ** 2).sum()) / n**2
    deff = max(variance / (share * (1 - share) / (n - 1)), 1.0)
    tail = (1 + CONFIDENCE_LEVEL) / 2
    few = float(stats.t.ppf(tail, n - 1) / stats.t.ppf(tail, groups - 1))
    return max(n / deff * few**2, 1.0)


def proportion_interval(success: ArrayLike, group: ArrayLike) -> Interval:
    """The share of successes with a clustered 95% Wilson interval.

    Args:
        success: 0 or 1, shape (n,).
        group: group codes from 0, shape (n,).

    Returns:
        The share, 0–1; not measurable where there is no case.
    """
    hits = np.asarray(success, dtype=bool)
    if not len(hits):
        return Interval.unknown()
    size = effective_sample_size(hits, np.asarray(group, dtype=np.int64))
    share = float(hits.mean())
    low, high = proportion_confint(share * size, size, alpha=1 - CONFIDENCE_LEVEL, method="wilson")
    # Rounding must not push an end past the value at 0% and 100%.
    return Interval(share, min(max(float(low), 0.0), share), max(min(float(high), 1.0), share), len(hits))
