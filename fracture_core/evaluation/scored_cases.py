"""Validated arrays of labels, probabilities and groups, the input of every metric of this package."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fracture_core.errors import DataError


@dataclass(frozen=True)
class ScoredCases:
    """Labelled cases with their predicted probabilities; all arrays have shape (n,).

    Attributes:
        label: 1 for a fracture, 0 otherwise.
        probability: predicted probability of a fracture, 0–1.
        group: group code of each case, from 0; cases of the same patient or study share a code.
    """

    label: NDArray[np.int64]
    probability: NDArray[np.float64]
    group: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.label)

    def subset(self, mask: NDArray[np.bool_]) -> "ScoredCases":
        """Return the cases where `mask`, shape (n,), is true."""
        return ScoredCases(self.label[mask], self.probability[mask], self.group[mask])


def check_labels(label: ArrayLike) -> NDArray[np.int64]:
    """Validate labels and convert them to integers.

    Args:
        label: 0 or 1, shape (n,).

    Returns:
        The labels, shape (n,), int64.

    Raises:
        DataError: A label is neither 0 nor 1.
    """
    labels = np.asarray(label).ravel()
    valid = np.isin(labels, (0, 1))
    if not valid.all():
        raise DataError(
            f"Expected labels 0 or 1, got {labels[~valid][0]!s} for case {int(np.argmin(valid)) + 1}: "
            "correct that label or leave the case out."
        )
    return labels.astype(np.int64)


def check_scored_cases(
    label: ArrayLike, probability: ArrayLike, group: ArrayLike | None = None
) -> ScoredCases:
    """Validate labels, probabilities and groups.

    Args:
        label: 0 or 1, shape (n,).
        probability: Predicted probability of a fracture, 0–1, shape (n,).
        group: Group ids of any type, shape (n,). A case with an empty or missing id forms its own group.
            None means that every case forms its own group.

    Returns:
        The cases, with groups as codes from 0.

    Raises:
        DataError: The lengths differ, a label is not 0 or 1, or a probability is outside 0–1.
    """
    labels = check_labels(label)
    probabilities = np.asarray(probability, dtype=np.float64).ravel()
    codes = _codes(group, len(labels))
    if not len(labels) == len(probabilities) == len(codes):
        raise DataError(
            "Labels, probabilities and groups differ in number: "
            f"got {len(labels)}, {len(probabilities)} and {len(codes)}. Score exactly the labelled cases."
        )
    valid = (probabilities >= 0) & (probabilities <= 1)
    if not valid.all():
        raise DataError(
            f"Expected probabilities between 0 and 1, got {probabilities[~valid][0]} "
            f"for case {int(np.argmin(valid)) + 1}: score the cases again."
        )
    return ScoredCases(labels, probabilities, codes)


def require_both_classes(label: NDArray[np.int64], purpose: str) -> None:
    """Check that there are cases with and without a fracture.

    Args:
        label: 0 or 1, shape (n,).
        purpose: What the cases are needed for, as the error message puts it, such as "for an ROC curve".

    Raises:
        DataError: One class is missing.
    """
    positives = int(label.sum())
    if positives in (0, len(label)):
        raise DataError(
            f"Expected cases with and without a fracture {purpose}, got {positives} with and "
            f"{len(label) - positives} without: add cases of the missing class."
        )


def _codes(group: ArrayLike | None, n: int) -> NDArray[np.int64]:
    """Group codes from 0, shape (n,); each case without a group gets its own code."""
    if group is None:
        return np.arange(n, dtype=np.int64)
    import pandas as pd

    ids = pd.Series(np.asarray(group).ravel()).astype("object")
    missing = ids.isna() | (ids == "")
    codes = pd.factorize(ids.mask(missing))[0].astype(np.int64)
    ungrouped = codes < 0
    codes[ungrouped] = codes.max(initial=-1) + 1 + np.arange(int(ungrouped.sum()))
    return codes
