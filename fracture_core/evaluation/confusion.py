"""Confusion: counts of binary decisions against the truth, and the rule that makes the decision."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fracture_core.evaluation.json_values import number_from_json, require_keys
from fracture_core.evaluation.scored_cases import check_scored_cases


def is_flagged(probability: ArrayLike, threshold: float) -> NDArray[np.bool_]:
    """Whether each case counts as *fracture*: at or above the threshold."""
    return np.asarray(probability, dtype=np.float64) >= threshold


@dataclass(frozen=True)
class Confusion:
    """Counts of cases.

    Attributes:
        tp: fractures that were flagged.
        fp: false alarms.
        tn: cases without a fracture that were not flagged.
        fn: missed fractures.
    """

    tp: int
    fp: int
    tn: int
    fn: int

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

    def to_json(self) -> dict[str, Any]:
        """The counts as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "Confusion":
        """The counts written by `rows_to_json`.

        Raises:
            DataError: a count is missing or no number.
        """
        require_keys(payload, cls)
        return cls(*(int(number_from_json(payload, name)) for name in ("tp", "fp", "tn", "fn")))


def count_confusion(label: ArrayLike, probability: ArrayLike, threshold: float) -> Confusion:
    """Counts of decisions at a threshold.

    Args:
        label: 0 or 1, shape (n,).
        probability: of *fracture*, 0–1, shape (n,).
        threshold: at or above it a case counts as *fracture*.

    Raises:
        DataError: labels or probabilities are not what they should be.
    """
    cases = check_scored_cases(label, probability)
    positive = cases.label == 1
    called = is_flagged(cases.probability, threshold)
    return Confusion(
        tp=int((positive & called).sum()),
        fp=int((~positive & called).sum()),
        tn=int((~positive & ~called).sum()),
        fn=int((positive & ~called).sum()),
    )
