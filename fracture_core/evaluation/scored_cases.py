"""Checked arrays: what every measurement of this package starts from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fracture_core.errors import DataError


@dataclass(frozen=True)
class ScoredCases:
    """Labelled and scored cases, all arrays of shape (n,).

    Attributes:
        label: 0 or 1.
        probability: of *fracture*, 0–1.
        group: a code from 0 for each case; cases of one group share a code.
    """

    label: NDArray[np.int64]
    probability: NDArray[np.float64]
    group: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.label)

    def subset(self, mask: NDArray[np.bool_]) -> "ScoredCases":
        """The cases where `mask`, shape (n,), is true."""
        return ScoredCases(self.label[mask], self.probability[mask], self.group[mask])


def check_labels(label: ArrayLike) -> NDArray[np.int64]:
    """Labels as integers, shape (n,).

    Raises:
        DataError: a label is neither 0 nor 1.
    """
    found = np.asarray(label).ravel()
    known = np.isin(found, (0, 1))
    if not known.all():
        raise DataError(
            f"Expected labels 0 or 1, got {found[~known][0]!s} for case {int(np.argmin(known)) + 1}: "
            "correct that label or leave the case out."
        )
    return found.astype(np.int64)


def check_scored_cases(
    label: ArrayLike, probability: ArrayLike, group: ArrayLike | None = None
) -> ScoredCases:
    """Checks labels, probabilities and groups.

    Args:
        label: 0 or 1, shape (n,).
        probability: of *fracture*, 0–1, shape (n,).
        group: any ids, shape (n,). A case whose id is empty (or missing) stands alone; without `group` all
            do.

    Raises:
        DataError: lengths differ, a label is not 0 or 1, or a probability is not within 0–1.
    """
    labels = check_labels(label)
    probabilities = np.asarray(probability, dtype=np.float64).ravel()
    codes = _codes(group, len(labels))
    if not len(labels) == len(probabilities) == len(codes):
        raise DataError(
            "Expected as many labels as probabilities and groups, "
            f"got {len(labels)}, {len(probabilities)} and {len(codes)}: score exactly the labelled cases."
        )
    good = (probabilities >= 0) & (probabilities <= 1)
    if not good.all():
        raise DataError(
            f"Expected probabilities within 0 and 1, got {probabilities[~good][0]} "
            f"for case {int(np.argmin(good)) + 1}: score the cases again."
        )
    return ScoredCases(labels, probabilities, codes)


def require_both_classes(label: NDArray[np.int64], purpose: str) -> None:
    """Checks that there are cases with and without a fracture.

    Raises:
        DataError: one class is missing.
    """
    positives = int(label.sum())
    if positives in (0, len(label)):
        raise DataError(
            f"Expected cases with and without a fracture {purpose}, got {positives} with and "
            f"{len(label) - positives} without: add cases of the missing kind."
        )


def _codes(group: ArrayLike | None, n: int) -> NDArray[np.int64]:
    """A code from 0 for each case; cases without a group get one of their own."""
    if group is None:
        return np.arange(n, dtype=np.int64)
    ids = pd.Series(np.asarray(group).ravel()).astype("object")
    alone = ids.isna() | (ids == "")
    codes = pd.factorize(ids.mask(alone))[0].astype(np.int64)
    lone = codes < 0
    codes[lone] = codes.max(initial=-1) + 1 + np.arange(int(lone.sum()))
    return codes
