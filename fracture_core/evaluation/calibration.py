"""Platt scaling: converts a model's logit into a calibrated probability.

Source: J. Platt, "Probabilistic outputs for support vector machines and comparisons to regularized likelihood
methods", Advances in Large Margin Classifiers, 1999.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from fracture_core.errors import DataError
from fracture_core.evaluation.scored_cases import check_labels, require_both_classes
from fracture_core.io.json_record import JsonRecord


@dataclass(frozen=True)
class PlattCalibration(JsonRecord):
    """Platt scaling: probability = 1 / (1 + exp(−(slope · logit + intercept))).

    Attributes:
        slope: Above 0; a slope below 1 corrects an overconfident model.
        intercept: In log-odds.

    Example:
        >>> PlattCalibration(slope=2.0, intercept=0.0).apply([0.0, 1.0]).round(2)
        array([0.5 , 0.88])
    """

    slope: Annotated[float, Field(le=1e6)]
    intercept: Annotated[float, Field(ge=-1e6, le=1e6)]

    def __post_init__(self) -> None:
        if not (np.isfinite(self.slope) and np.isfinite(self.intercept) and self.slope > 0):
            raise DataError(
                f"Expected a calibration with a finite slope above 0, got slope {self.slope:g} and intercept "
                f"{self.intercept:g}: the logits do not rise with the labels. Check the label order "
                "and that the model was trained."
            )

    @classmethod
    def identity(cls) -> "PlattCalibration":
        """Return the identity calibration: the probability is the sigmoid of the logit."""
        return cls(1.0, 0.0)

    @classmethod
    def fit(cls, logit: ArrayLike, label: ArrayLike) -> "PlattCalibration":
        """Fit slope and intercept by logistic regression without penalty and without class weights.

        If the logits separate the classes completely, the maximum-likelihood slope is infinite. Only then are
        Platt's smoothed targets used instead of 0 and 1: (P + 1) / (P + 2) for P cases with a fracture and
        1 / (N + 2) for N cases without. The slope is then finite.

        Args:
            logit: Logit of a fracture, finite, shape (n,), of cases that were not used for training.
            label: 0 or 1, shape (n,).

        Returns:
            The fitted calibration.

        Raises:
            DataError: The lengths differ, a logit is not finite, a class is missing, or the logits do not rise
                with the labels (the slope would be 0 or negative).
        """
        labels = check_labels(label)
        logits = np.asarray(logit, dtype=np.float64).ravel()
        if len(logits) != len(labels):
            raise DataError(
                f"Expected as many logits as labels, got {len(logits)} and {len(labels)}: "
                "score exactly the labelled cases."
            )
        if not np.isfinite(logits).all():
            raise DataError(
                "Expected finite logits, got nan or infinity. The training diverged: use a lower learning rate."
            )
        require_both_classes(labels, "to calibrate on")
        centre, scale = float(logits.mean()), float(logits.std())
        if scale < 1e-9:
            return cls(0.0, 0.0)  # raises the error of __post_init__
        # The solver converges at any scale of the logits only if they are standardised.
        x = (logits - centre) / scale
        target = labels.astype(np.float64)
        if x[labels == 0].max() <= x[labels == 1].min():
            positives = int(labels.sum())
            negatives = len(labels) - positives
            target = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
        # A soft target becomes one weighted case of each class.
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
        """Convert logits to calibrated probabilities.

        Args:
            logit: Logit of a fracture, any shape.

        Returns:
            Probability of a fracture, 0–1, in the shape of `logit`.
        """
        return np.asarray(
            scipy.special.expit(self.slope * np.asarray(logit, dtype=np.float64) + self.intercept)
        )
