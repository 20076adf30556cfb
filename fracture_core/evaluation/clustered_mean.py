"""Mean of a measure over images with a confidence interval from resampled groups."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fracture_core.evaluation.bootstrap import RESAMPLES, SEED
from fracture_core.evaluation.interval import CONFIDENCE_LEVEL, Interval


def clustered_mean(values: ArrayLike, groups: ArrayLike) -> Interval:
    """Compute the mean of a measure and its cluster-bootstrap interval.

    Args:
        values: One value per image, shape (n,); nan where the measure is not defined. Such images are left out.
        groups: Group of each image, shape (n,). Images of one group are resampled together.

    Returns:
        The mean with the percentile interval; without an interval for a single group, and without a value if no image
        has one.

    Example:
        >>> print(clustered_mean([0.2, 0.4, np.nan], ["a", "b", "c"]))
        0.30 (95% CI 0.20–0.40, n = 2)
    """
    measured = np.asarray(values, np.float64)
    defined = np.isfinite(measured)
    n = int(defined.sum())
    if not n:
        return Interval.unknown()
    measured = measured[defined]
    codes: NDArray[np.intp] = np.unique(np.asarray(groups)[defined], return_inverse=True)[1]
    count = int(codes.max()) + 1
    mean = float(measured.mean())
    if count < 2:
        return Interval(mean, np.nan, np.nan, n)
    sums, sizes = np.bincount(codes, weights=measured), np.bincount(codes)
    draws = np.random.default_rng(SEED).multinomial(count, np.full(count, 1 / count), RESAMPLES)
    means = (draws @ sums) / (draws @ sizes)
    tail = (1 - CONFIDENCE_LEVEL) / 2
    low, high = np.quantile(means, (tail, 1 - tail))
    return Interval(mean, float(low), float(high), n)
