"""Reliability curve and expected calibration error (ECE) with equal-mass bins.

Most probabilities are near 0, so bins of equal width would be empty or noisy at high probabilities. Cases with the
same probability always share a bin.

Source: J. Nixon et al., "Measuring calibration in deep learning", CVPR workshops 2019 (adaptive bins).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.evaluation.scored_cases import ScoredCases, check_scored_cases

if TYPE_CHECKING:
    import pandas as pd

BIN_COUNT = 10


@dataclass(frozen=True)
class ReliabilityCurve:
    """A reliability curve; non-empty bins in ascending order of probability.

    Attributes:
        predicted: Mean probability of each bin, shape (bins,).
        observed: Share of fractures of each bin with a clustered interval.
        ece: Expected calibration error, 0–1.
    """

    predicted: NDArray[np.float64]
    observed: tuple[Interval, ...]
    ece: float

    def to_frame(self) -> pd.DataFrame:
        """Return the curve as a table with one row per bin."""
        import pandas as pd

        return pd.DataFrame(
            {
                "predicted": self.predicted,
                "observed": [share.value for share in self.observed],
                "low": [share.low for share in self.observed],
                "high": [share.high for share in self.observed],
                "n": [share.n for share in self.observed],
            }
        )


def equal_mass_bins(probability: NDArray[np.float64], bins: int = BIN_COUNT) -> NDArray[np.int64]:
    """Assign each case to one of several bins of equal size.

    Args:
        probability: Probability of a fracture, 0–1, shape (n,).
        bins: Number of bins.

    Returns:
        Bin of each case, 0 to bins − 1, shape (n,); equal probabilities share a bin.
    """
    n = len(probability)
    ranks: NDArray[np.float64] = scipy.stats.rankdata(probability)  # midranks, 1 to n
    return np.floor((ranks - 0.5) * min(bins, n) / max(n, 1)).astype(np.int64)


def expected_calibration_error(cases: ScoredCases, bins: int = BIN_COUNT) -> float:
    """Compute the expected calibration error.

    Args:
        cases: The cases.
        bins: Number of equal-mass bins.

    Returns:
        Mean absolute difference of predicted and observed share over the bins, weighted by cases, 0–1; nan without
        cases.
    """
    if not len(cases):
        return float("nan")
    code = equal_mass_bins(cases.probability, bins)
    gap = np.bincount(code, weights=cases.probability - cases.label)
    return float(np.abs(gap).sum() / len(cases))


def compute_reliability_curve(
    label: ArrayLike, probability: ArrayLike, group: ArrayLike | None = None, bins: int = BIN_COUNT
) -> ReliabilityCurve:
    """Compute the reliability curve of a set of cases.

    Args:
        label: 0 or 1, shape (n,).
        probability: Probability of a fracture, 0–1, shape (n,).
        group: Group ids, shape (n,), or None.
        bins: Number of equal-mass bins.

    Returns:
        The curve.

    Raises:
        DataError: Labels or probabilities are invalid.
    """
    cases = check_scored_cases(label, probability, group)
    code = equal_mass_bins(cases.probability, bins)
    masks = [code == number for number in np.unique(code)]
    return ReliabilityCurve(
        predicted=np.array([cases.probability[mask].mean() for mask in masks]),
        observed=tuple(proportion_interval(cases.label[mask], cases.group[mask]) for mask in masks),
        ece=expected_calibration_error(cases, bins),
    )
