"""Linear: logistic regression on standardised features, folded into one matrix."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression


@dataclass(frozen=True, eq=False)
class LinearClassifier:
    """Scores of features.

    Attributes:
        weight: float32 (classes, channels).
        bias: float32 (classes,).
    """

    weight: np.ndarray
    bias: np.ndarray

    @classmethod
    def fit(
        cls, features: np.ndarray, targets: np.ndarray, strength: float, balanced: bool = False
    ) -> "LinearClassifier":
        """Fits one logistic regression a class.

        Args:
            features: float (n, channels).
            targets: bool (n, classes); a film may belong to several.
            strength: inverse of the L2 penalty on standardised features.
            balanced: whether the rarer answer counts as much as the commoner.
        """
        mean, spread = features.mean(axis=0), features.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        scaled = (features - mean) / spread
        rows = []
        for column in targets.T:
            model = LogisticRegression(
                C=strength, max_iter=2000, class_weight="balanced" if balanced else None
            ).fit(scaled, column)
            weight = model.coef_[0] / spread
            rows.append((weight, model.intercept_[0] - weight @ mean))
        return cls(
            np.array([weight for weight, _ in rows], np.float32),
            np.array([bias for _, bias in rows], np.float32),
        )

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Logits (n, classes) of features (n, channels)."""
        return features @ self.weight.T + self.bias
