"""Thresholds of the three verdicts *no fracture seen*, *uncertain* and *fracture suspected*.

Thresholds are chosen on the validation split for a target sensitivity and specificity, never on the test split.

Source of the balanced operating point: W. J. Youden, "Index for rating diagnostic tests", Cancer 3, 1950.
"""

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from fracture_core.errors import DataError
from fracture_core.evaluation.curves import compute_roc_curve
from fracture_core.evaluation.scored_cases import check_scored_cases, require_both_classes
from fracture_core.io.json_record import JsonRecord, MeasuredNumber
from fracture_core.vocabulary import Verdict

#: Verdicts by increasing suspicion; `verdict_indices` returns indices into this tuple.
VERDICTS = (Verdict.NOT_SEEN, Verdict.UNCERTAIN, Verdict.SUSPECTED)

SENSITIVITY_TARGET = 0.95
SPECIFICITY_TARGET = 0.95


def verdict_indices(probability: ArrayLike, low: float, high: float) -> NDArray[np.int64]:
    """Compute the verdict of each probability as an index into `VERDICTS`.

    Args:
        probability: Calibrated probability of a fracture, 0–1, any shape.
        low: Lower threshold; below it the verdict is *no fracture seen*.
        high: Upper threshold; from it on the verdict is *fracture suspected*.

    Returns:
        Indices 0, 1 or 2, in the shape of `probability`.

    Raises:
        ValueError: A probability is nan.
    """
    values = np.asarray(probability, dtype=np.float64)
    if np.isnan(values).any():
        raise ValueError("A probability is nan and has no verdict.")
    return (values >= low).astype(np.int64) + ((values >= low) & (values >= high))


@dataclass(frozen=True)
class Thresholds(JsonRecord):
    """Two thresholds for the verdict and one for the binary decision.

    Attributes:
        low: Below it the verdict is *no fracture seen*.
        high: From it on the verdict is *fracture suspected*. Never below `low`; just above 1 if no case can reach it.
        sensitivity_target: Target share of fractures without the verdict *no fracture seen*, 0–1; nan if the
            thresholds were not chosen on images.
        specificity_target: Target share of other cases without the verdict *fracture suspected*, 0–1; nan likewise.
        balanced: Threshold of the binary decision, between `low` and `high`, so that it agrees with the verdicts.
    """

    low: Annotated[float, Field(ge=-1, le=2)]
    high: Annotated[float, Field(ge=-1, le=2)]
    sensitivity_target: MeasuredNumber
    specificity_target: MeasuredNumber
    balanced: Annotated[float, Field(ge=-1, le=2)]

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
        """Choose the thresholds on validation cases.

        `low` is the largest observed probability at which the sensitivity reaches its target. `high` is the smallest
        at which the specificity reaches its target. `balanced` maximises the Youden index between the two; ties go to
        the lower threshold, because a missed fracture costs more than a false alarm.

        If one threshold can reach both targets, `low` would be above `high`. Both are then set to `balanced`, and
        there is no verdict *uncertain*.

        Args:
            label: 0 or 1, shape (n,).
            probability: Calibrated probability of a fracture, 0–1, shape (n,).
            sensitivity_target: Above 0, at most 1.
            specificity_target: Above 0, at most 1.

        Returns:
            The thresholds.

        Raises:
            DataError: A class is missing, a target is out of range, or the arrays are invalid.

        Example:
            >>> chosen = Thresholds.choose([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.7, 0.9])
            >>> chosen.low, chosen.high
            (0.3, 0.7)
        """
        for name, target in (("sensitivity", sensitivity_target), ("specificity", specificity_target)):
            if not 0 < target <= 1:
                raise DataError(
                    f"Expected a target {name} above 0 and at most 1, got {target:g}: choose a value such as 0.95."
                )
        cases = check_scored_cases(label, probability)
        require_both_classes(cases.label, "to choose thresholds on")
        roc = compute_roc_curve(cases.label, cases.probability)
        candidates = roc.thresholds.copy()
        candidates[0] = math.nextafter(float(cases.probability.max()), math.inf)
        negatives = int((cases.label == 0).sum())
        # Computed from counts, because 1 − rate could miss a target by a rounding error.
        specificity = (negatives - np.rint(roc.false_positive_rate * negatives)) / negatives
        low = float(candidates[roc.true_positive_rate >= sensitivity_target].max())
        high = float(candidates[specificity >= specificity_target].min())

        youden = roc.true_positive_rate + specificity - 1
        within = (candidates >= min(low, high)) & (candidates <= max(low, high))
        best = float(youden[within].max())
        # Equal indices may differ by rounding.
        balanced = float(candidates[within & (youden >= best - 1e-12)].min())
        if low > high:
            low = high = balanced
        return cls(low, high, sensitivity_target, specificity_target, balanced)

    def verdict(self, probability: float) -> Verdict:
        """Return the verdict for one calibrated probability.

        Args:
            probability: Calibrated probability of a fracture, 0–1.

        Returns:
            The verdict.

        Raises:
            ValueError: The probability is nan.
        """
        return VERDICTS[int(verdict_indices(probability, self.low, self.high))]
