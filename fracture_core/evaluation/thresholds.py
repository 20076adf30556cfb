"""Thresholds: where *no fracture seen*, *uncertain* and *fracture suspected* begin.

Chosen on the validation split for a stated sensitivity and specificity, never on the test split.

Source of the balanced point: W. J. Youden, "Index for rating diagnostic tests", Cancer 3, 1950.
"""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fracture_core.errors import DataError
from fracture_core.evaluation.curves import compute_roc_curve
from fracture_core.evaluation.json_values import number_from_json, number_to_json, require_keys
from fracture_core.evaluation.scored_cases import check_scored_cases, require_both_classes
from fracture_core.vocabulary import Verdict

#: Verdicts from the least to the most suspicious; the index is what `verdict_indices` returns.
VERDICTS = (Verdict.NOT_SEEN, Verdict.UNCERTAIN, Verdict.SUSPECTED)

SENSITIVITY_TARGET = 0.95
SPECIFICITY_TARGET = 0.95


def verdict_indices(probability: ArrayLike, low: float, high: float) -> NDArray[np.int64]:
    """Index into `VERDICTS`, in the shape of `probability`.

    Below `low`: no fracture seen. At or above `high`: fracture suspected. Between: uncertain.

    Raises:
        ValueError: a probability is nan.
    """
    values = np.asarray(probability, dtype=np.float64)
    if np.isnan(values).any():
        raise ValueError("a probability is nan, which has no verdict")
    return (values >= low).astype(np.int64) + ((values >= low) & (values >= high))


@dataclass(frozen=True)
class Thresholds:
    """Two thresholds for the verdict and one for the binary decision.

    Attributes:
        low: below it: no fracture seen.
        high: at or above it: fracture suspected. Never below `low`; just above 1 where nothing can be
            suspected.
        sensitivity_target: share of fractures that should not get *no fracture seen*, 0–1; nan where the
            thresholds were not chosen on any films.
        specificity_target: share of other cases that should not get *fracture suspected*, 0–1; nan likewise.
        balanced: at or above it a case counts as *fracture* where there are only two answers; within low and
            high, so that it never contradicts a verdict.
    """

    low: float
    high: float
    sensitivity_target: float
    specificity_target: float
    balanced: float

    def __post_init__(self) -> None:
        if not self.low <= self.balanced <= self.high:
            raise DataError(
                f"Expected thresholds with low ≤ balanced ≤ high, got {self.low:g}, {self.balanced:g} and "
                f"{self.high:g}: choose them again on the validation split."
            )

    @classmethod
    def choose(
        cls,
        label: ArrayLike,
        probability: ArrayLike,
        sensitivity_target: float = SENSITIVITY_TARGET,
        specificity_target: float = SPECIFICITY_TARGET,
    ) -> "Thresholds":
        """Chooses the thresholds on validation cases.

        `low` is the largest observed probability at which the sensitivity reaches its target, `high` the
        smallest at which the specificity does. `balanced` has the largest Youden index between the two, the
        lower one on a tie, because missing a fracture costs more than a false alarm.

        A good model reaches both targets at once: low then lies above high, and every threshold between them
        keeps both promises. Both are set to `balanced`, so the verdicts never cross and there is no
        *uncertain*.

        Args:
            label: 0 or 1, shape (n,), of the validation split.
            probability: calibrated, of *fracture*, 0–1, shape (n,).
            sensitivity_target: above 0, up to 1.
            specificity_target: above 0, up to 1.

        Raises:
            DataError: a class is missing, a target is out of range, or the arrays are not what they should
                be.
        """
        for name, target in (("sensitivity", sensitivity_target), ("specificity", specificity_target)):
            if not 0 < target <= 1:
                raise DataError(
                    f"Expected a target {name} above 0 and up to 1, got {target:g}: choose one such as 0.95."
                )
        cases = check_scored_cases(label, probability)
        require_both_classes(cases.label, "to choose thresholds on")
        roc = compute_roc_curve(cases.label, cases.probability)
        candidates = roc.thresholds.copy()
        candidates[0] = math.nextafter(float(cases.probability.max()), math.inf)
        negatives = int((cases.label == 0).sum())
        # Counted back from the rate, because 1 − rate would miss a target by a rounding error.
        specificity = (negatives - np.rint(roc.false_positive_rate * negatives)) / negatives
        low = float(candidates[roc.true_positive_rate >= sensitivity_target].max())
        high = float(candidates[specificity >= specificity_target].min())

        youden = roc.true_positive_rate + specificity - 1
        within = (candidates >= min(low, high)) & (candidates <= max(low, high))
        best = float(youden[within].max())
        # Sums of two fractions that are equal on paper may differ in the last bit.
        balanced = float(candidates[within & (youden >= best - 1e-12)].min())
        if low > high:
            low = high = balanced
        return cls(low, high, sensitivity_target, specificity_target, balanced)

    def verdict(self, probability: float) -> Verdict:
        """The verdict for one calibrated probability, 0–1.

        Raises:
            ValueError: the probability is nan.
        """
        return VERDICTS[int(verdict_indices(probability, self.low, self.high))]

    def to_json(self) -> dict[str, Any]:
        """The thresholds as plain JSON values; a target that was not set (nan) becomes null."""
        return {name: number_to_json(entry) for name, entry in asdict(self).items()}

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "Thresholds":
        """The thresholds written by `rows_to_json`.

        Raises:
            DataError: a number is missing, or the thresholds cross.
        """
        require_keys(payload, cls)
        return cls(**{field.name: number_from_json(payload, field.name) for field in fields(cls)})
