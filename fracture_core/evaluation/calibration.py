"""Platt: turns a model's logit into a probability that means what it says.

Source: J. Platt, "Probabilistic outputs for support vector machines and comparisons to regularized likelihood
methods", Advances in Large Margin Classifiers, 1999.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from fracture_core.errors import DataError
from fracture_core.evaluation.json_values import number_from_json, require_keys
from fracture_core.evaluation.scored_cases import check_labels, require_both_classes


@dataclass(frozen=True)
class PlattCalibration:
    """probability = 1 / (1 + exp(−(slope · logit + intercept))).

    Attributes:
        slope: above 0; below 1 where the model was too sure of itself.
        intercept: in log-odds.
    """

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.slope) and np.isfinite(self.intercept) and self.slope > 0):
            raise DataError(
                f"Expected a calibration with a finite slope above 0, got slope {self.slope:g} and intercept "
                f"{self.intercept:g}: the logits do not rise with the labels, so check the label order "
                "and that the model was trained."
            )

    @classmethod
    def identity(cls) -> "PlattCalibration":
        """The calibration that changes nothing: the probability is the plain sigmoid of the logit."""
        return cls(1.0, 0.0)

    @classmethod
    def fit(cls, logit: ArrayLike, label: ArrayLike) -> "PlattCalibration":
        """Fits slope and intercept by logistic regression, without penalty and without class weights.

        Where the logits separate the classes, the most likely slope is infinite. There, and only there,
        Platt's smoothed targets take the place of 0 and 1: (P + 1) / (P + 2) for P cases with a fracture and
        1 / (N + 2) for N without. The slope is then finite, and no probability claims more than so few cases
        can support.

        Args:
            logit: of *fracture*, finite, shape (n,), of cases the model was not trained on.
            label: 0 or 1, shape (n,).

        Raises:
            DataError: lengths differ, a logit is not finite, a class is missing, or the logits do not rise
                with the labels (the slope would be 0 or negative and turn the model's answer round).
        """
        labels = check_labels(label)
        logits = np.asarray(logit, dtype=np.float64).ravel()
        if len(logits) != len(labels):
            raise DataError(
                f"Expected as many logits as labels, got {len(logits)} and {len(labels)}: "
                "score the same cases that are labelled."
            )
        if not np.isfinite(logits).all():
            raise DataError(
                "Expected finite logits, got nan or infinity: the training diverged, lower the learning rate."
            )
        require_both_classes(labels, "to calibrate on")
        centre, scale = float(logits.mean()), float(logits.std())
        if scale < 1e-9:
            return cls(0.0, 0.0)  # refused with the sentence of __post_init__
        # Standardised logits let the solver converge whatever the scale of the model.
        x = (logits - centre) / scale
        target = labels.astype(np.float64)
        if x[labels == 0].max() <= x[labels == 1].min():
            positives = int(labels.sum())
            negatives = len(labels) - positives
            target = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
        # A soft target is one case of each class, weighted.
        weight = np.concatenate([target, 1 - target])
        used = weight > 0
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000)
        model.fit(
            np.concatenate([x, x])[used, None],
            np.repeat([1, 0], len(x))[used],
            sample_weight=weight[used],
        )
        slope = float(model.coef_[0, 0]) / scale
        return cls(slope, float(model.intercept_[0]) - slope * centre)

    def apply(self, logit: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probability of *fracture*, 0–1, in the shape of `logit`; never overflows."""
        return np.asarray(expit(self.slope * np.asarray(logit, dtype=np.float64) + self.intercept))

    def to_json(self) -> dict[str, Any]:
        """Slope and intercept as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "PlattCalibration":
        """The calibration written by `rows_to_json`.

        Raises:
            DataError: a number is missing, or the slope is not above 0.
        """
        require_keys(payload, cls)
        return cls(number_from_json(payload, "slope"), number_from_json(payload, "intercept"))
