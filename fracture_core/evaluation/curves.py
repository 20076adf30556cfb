"""ROC and precision–recall curves as data; `plots` draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fracture_core.evaluation.scored_cases import check_scored_cases, require_both_classes

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RocCurve:
    """An ROC curve from (0, 0) to (1, 1), with one point per distinct probability; arrays have shape (points,).

    Attributes:
        false_positive_rate: 1 − specificity, 0–1, ascending.
        true_positive_rate: Sensitivity, 0–1, ascending.
        thresholds: Descending; the first is infinite.
        area: Area under the curve, 0–1.
    """

    false_positive_rate: NDArray[np.float64]
    true_positive_rate: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    area: float

    def at(self, threshold: float) -> tuple[float, float]:
        """Return false and true positive rate at a decision threshold."""
        index = int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1
        return float(self.false_positive_rate[index]), float(self.true_positive_rate[index])

    def to_frame(self) -> pd.DataFrame:
        """Return the curve as a table; the first threshold is infinite."""
        import pandas as pd

        return pd.DataFrame(
            {
                "threshold": self.thresholds,
                "false_positive_rate": self.false_positive_rate,
                "true_positive_rate": self.true_positive_rate,
            }
        )


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """A precision–recall curve with one point per distinct probability, and the end point (recall 0, precision 1).

    Attributes:
        recall: Sensitivity, 0–1, descending, shape (points,).
        precision: Positive predictive value, 0–1, shape (points,).
        thresholds: Ascending, shape (points − 1,).
        average_precision: Area under the step function, 0–1.
        prevalence: Share of fractures, the precision at chance.
    """

    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    average_precision: float
    prevalence: float

    def at(self, threshold: float) -> tuple[float, float]:
        """Return recall and precision at a decision threshold."""
        index = int(np.searchsorted(self.thresholds, threshold))
        return float(self.recall[index]), float(self.precision[index])

    def to_frame(self) -> pd.DataFrame:
        """Return the curve as a table; the end point, where nothing is flagged, has an infinite threshold."""
        import pandas as pd

        return pd.DataFrame(
            {
                "threshold": np.append(self.thresholds, np.inf),
                "recall": self.recall,
                "precision": self.precision,
            }
        )


def compute_roc_curve(label: ArrayLike, probability: ArrayLike) -> RocCurve:
    """Compute the ROC curve.

    Args:
        label: 0 or 1, shape (n,).
        probability: Probability of a fracture, 0–1, shape (n,).

    Returns:
        The curve.

    Raises:
        DataError: Labels or probabilities are invalid, or one class is missing.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    cases = check_scored_cases(label, probability)
    require_both_classes(cases.label, "for an ROC curve")
    false_rate, true_rate, thresholds = roc_curve(cases.label, cases.probability, drop_intermediate=False)
    return RocCurve(false_rate, true_rate, thresholds, float(roc_auc_score(cases.label, cases.probability)))


def compute_precision_recall_curve(label: ArrayLike, probability: ArrayLike) -> PrecisionRecallCurve:
    """Compute the precision–recall curve.

    Args:
        label: 0 or 1, shape (n,).
        probability: Probability of a fracture, 0–1, shape (n,).

    Returns:
        The curve.

    Raises:
        DataError: Labels or probabilities are invalid, or one class is missing.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve

    cases = check_scored_cases(label, probability)
    require_both_classes(cases.label, "for a precision–recall curve")
    precision, recall, thresholds = precision_recall_curve(cases.label, cases.probability)
    area = float(average_precision_score(cases.label, cases.probability))
    return PrecisionRecallCurve(recall, precision, thresholds, area, float(cases.label.mean()))
