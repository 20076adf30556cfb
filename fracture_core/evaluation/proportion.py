"""Proportions with a confidence interval for clustered data.

Images of one patient are correlated, so n images in few groups contain less information than n independent images.
The design effect (deff) measures this. A Wilson interval is computed for the effective sample size n / deff.

Sources:
    J. N. K. Rao and A. J. Scott, "A simple method for the analysis of clustered binary data", Biometrics 48, 1992.
    E. L. Korn and B. I. Graubard, "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data", Survey Methodology 24, 1998.
    L. Kish, "Survey Sampling", Wiley 1965 (effective sample size with fully correlated clusters).
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", J. Am. Stat. Assoc. 22, 1927.
"""

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fracture_core.evaluation.interval import CONFIDENCE_LEVEL, Interval


def effective_sample_size(success: NDArray[np.bool_], group: NDArray[np.int64]) -> float:
    """Compute the number of independent cases with the same information.

    The design effect is the variance of the proportion as a ratio of group sums, divided by that of independent cases.
    It is at least 1. Korn and Graubard's ratio of t quantiles corrects for few groups. At 0%, at 100% and for a single
    group, the design effect cannot be estimated. Kish's effective sample size for fully correlated groups is then used.

    Args:
        success: Outcome of each case, shape (n,), n > 0.
        group: Group codes from 0, shape (n,).

    Returns:
        The effective sample size, between 1 and n; n for independent cases.
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
    t_ratio = float(scipy.stats.t.ppf(tail, n - 1) / scipy.stats.t.ppf(tail, groups - 1))
    return max(n / deff * t_ratio**2, 1.0)


def proportion_interval(success: ArrayLike, group: ArrayLike) -> Interval:
    """Compute a proportion with a clustered 95% Wilson interval.

    Args:
        success: 0 or 1, shape (n,).
        group: Group codes from 0, shape (n,).

    Returns:
        The proportion, 0–1; without a value if there are no cases.
    """
    hits = np.asarray(success, dtype=bool)
    if not len(hits):
        return Interval.unknown()
    size = effective_sample_size(hits, np.asarray(group, dtype=np.int64))
    share = float(hits.mean())
    # Imported here, because statsmodels takes half a second to import.
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(share * size, size, alpha=1 - CONFIDENCE_LEVEL, method="wilson")
    # At 0% and 100% rounding could move an end past the value.
    return Interval(share, min(max(float(low), 0.0), share), max(min(float(high), 1.0), share), len(hits))
