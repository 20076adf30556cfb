"""ROC and precision–recall curves as data; `plots` draws them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fracture_core.evaluation.scored_cases import check_scored_cases, require_both_classes


@dataclass(frozen=True)
class RocCurve:
    """An ROC curve, one point for each distinct probability, from (0, 0) to (1, 1).

    Attributes:
        false_positive_rate: 1 − specificity, 0–1, rising.
        true_positive_rate: sensitivity, 0–1, rising.
        thresholds: falling; the first is infinite.
        area: under the curve, 0–1.
    """

    false_positive_rate: NDArray[np.float64]
    true_positive_rate: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    area: float

    def at(self, threshold: float) -> tuple[float, float]:
        """False and true positive rate where cases at or above `threshold` count as *fracture*."""
        place = int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1
        return float(self.false_positive_rate[place]), float(self.true_positive_rate[place])

    def to_frame(self) -> pd.DataFrame:
        """The curve as a table; the first threshold, above every probability, is infinite."""
        return pd.DataFrame(
            {
                "threshold": self.thresholds,
                "false_positive_rate": self.false_positive_rate,
                "true_positive_rate": self.true_positive_rate,
            }
        )


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """A precision–recall curve, one point for each distinct probability and the end (recall 0, precision 1).

    Attributes:
        recall: sensitivity, 0–1, falling.
        precision: positive predictive value, 0–1.
        thresholds: rising, one fewer than there are points.
        average_precision: area as a sum of steps, 0–1.
        prevalence: share of fractures, the precision of guessing.
    """

    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    average_precision: float
    prevalence: float

    def at(self, threshold: float) -> tuple[float, float]:
        """Recall and precision where cases at or above `threshold` count as *fracture*."""
        place = int(np.searchsorted(self.thresholds, threshold))
        return float(self.recall[place]), float(self.precision[place])

    def to_frame(self) -> pd.DataFrame:
        """The curve as a table; the end, at which nothing is flagged, has an infinite threshold."""
        return pd.DataFrame(
            {
                "threshold": np.append(self.thresholds, np.inf),
                "recall": self.recall,
                "precision": self.precision,
            }
        )


def compute_roc_curve(label: ArrayLike, probability: ArrayLike) -> RocCurve:
    """The ROC curve.

    Args:
        label: 0 or 1, shape (n,).
        probability: of *fracture*, 0–1, shape (n,).

    Raises:
        DataError: labels or probabilities are not what they should be, or one class is missing.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    cases = check_scored_cases(label, probability)
    require_both_classes(cases.label, "for an ROC curve")
    false_rate, true_rate, thresholds = roc_curve(cases.label, cases.probability, drop_intermediate=False)
    return RocCurve(false_rate, true_rate, thresholds, float(roc_auc_score(cases.label, cases.probability)))


def compute_precision_recall_curve(label: ArrayLike, probability: ArrayLike) -> PrecisionRecallCurve:
    """The precision–recall curve.

    Args:
        label: 0 or 1, shape (n,).
        probability: of *fracture*, 0–1, shape (n,).

    Raises:
        DataError: labels or probabilities are not what they should be, or one class is missing.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve

    cases = check_scored_cases(label, probability)
    require_both_classes(cases.label, "for a precision–recall curve")
    precision, recall, thresholds = precision_recall_curve(cases.label, cases.probability)
    area = float(average_precision_score(cases.label, cases.probability))
    return PrecisionRecallCurve(recall, precision, thresholds, area, float(cases.label.mean()))
