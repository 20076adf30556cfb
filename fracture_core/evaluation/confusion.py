"""Confusion matrix of binary decisions at a threshold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fracture_core.evaluation.scored_cases import check_scored_cases
from fracture_core.io.json_record import Count, JsonRecord


def is_flagged(probability: ArrayLike, threshold: float) -> NDArray[np.bool_]:
    """Return whether each case is classified as a fracture.

    Args:
        probability: Probability of a fracture, 0–1, any shape.
        threshold: Decision threshold, 0–1.

    Returns:
        True where the probability is at or above the threshold, in the shape of `probability`.
    """
    return np.asarray(probability, dtype=np.float64) >= threshold


@dataclass(frozen=True)
class Confusion(JsonRecord):
    """Counts of a binary confusion matrix.

    Attributes:
        tp: Fractures that were flagged.
        fp: False alarms.
        tn: Cases without a fracture that were not flagged.
        fn: Missed fractures.
    """

    tp: Count
    fp: Count
    tn: Count
    fn: Count

    @property
    def n(self) -> int:
        """Number of cases."""
        return self.tp + self.fp + self.tn + self.fn

    @property
    def positives(self) -> int:
        """Number of cases with a fracture."""
        return self.tp + self.fn

    @property
    def negatives(self) -> int:
        """Number of cases without a fracture."""
        return self.tn + self.fp


def count_confusion(label: ArrayLike, probability: ArrayLike, threshold: float) -> Confusion:
    """Count the decisions at a threshold.

    Args:
        label: 0 or 1, shape (n,).
        probability: Probability of a fracture, 0–1, shape (n,).
        threshold: Decision threshold; see `is_flagged`.

    Returns:
        The counts.

    Raises:
        DataError: Labels or probabilities are invalid.

    Example:
        >>> count_confusion([1, 1, 0, 0], [0.9, 0.2, 0.6, 0.1], threshold=0.5)
        Confusion(tp=1, fp=1, tn=1, fn=1)
    """
    cases = check_scored_cases(label, probability)
    positive = cases.label == 1
    flagged = is_flagged(cases.probability, threshold)
    return Confusion(
        tp=int((positive & flagged).sum()),
        fp=int((~positive & flagged).sum()),
        tn=int((~positive & ~flagged).sum()),
        fn=int((positive & ~flagged).sum()),
    )
