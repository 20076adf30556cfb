"""Reliability: whether cases given a probability of 30% have a fracture in 30% of cases.

Bins hold equal numbers of cases, because most probabilities lie near 0 and bins of equal width would be empty
or noisy at the other end. Cases with the same probability always share a bin, whatever their order.

Source: J. Nixon et al., "Measuring calibration in deep learning", CVPR workshops 2019 (adaptive bins).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.evaluation.scored_cases import ScoredCases, check_scored_cases

BIN_COUNT = 10


@dataclass(frozen=True)
class ReliabilityCurve:
    """A reliability curve; bins from the lowest probability to the highest, empty ones left out.

    Attributes:
        predicted: mean probability of each bin, shape (bins,).
        observed: share of fractures of each bin with a clustered interval.
        ece: expected calibration error, 0–1.
    """

    predicted: NDArray[np.float64]
    observed: tuple[Interval, ...]
    ece: float

    def to_frame(self) -> pd.DataFrame:
        """The curve as a table, a row for each bin."""
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
    """The bin of each case, 0 to bins − 1, shape (n,); ties share a bin."""
    n = len(probability)
    ranks = stats.rankdata(probability)  # midranks, 1 to n
    return np.floor((ranks - 0.5) * min(bins, n) / max(n, 1)).astype(np.int64)


def expected_calibration_error(cases: ScoredCases, bins: int = BIN_COUNT) -> float:
    """Mean distance of predicted and observed share over equal-mass bins, by cases; nan without any."""
    if not len(cases):
        return float("nan")
    code = equal_mass_bins(cases.probability, bins)
    gap = np.bincount(code, weights=cases.probability - cases.label)
    return float(np.abs(gap).sum() / len(cases))


def compute_reliability_curve(
    label: ArrayLike, probability: ArrayLike, group: ArrayLike | None = None, bins: int = BIN_COUNT
) -> ReliabilityCurve:
    """The reliability curve of a set of cases.

    Args:
        label: 0 or 1, shape (n,).
        probability: of *fracture*, 0–1, shape (n,).
        group: group ids, shape (n,).
        bins: number of equal-mass bins.

    Raises:
        DataError: labels or probabilities are not what they should be.
    """
    cases = check_scored_cases(label, probability, group)
    code = equal_mass_bins(cases.probability, bins)
    masks = [code == number for number in np.unique(code)]
    return ReliabilityCurve(
        predicted=np.array([cases.probability[mask].mean() for mask in masks]),
        observed=tuple(proportion_interval(cases.label[mask], cases.group[mask]) for mask in masks),
        ece=expected_calibration_error(cases, bins),
    )
