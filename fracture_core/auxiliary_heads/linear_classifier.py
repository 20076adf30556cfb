"""LinearClassifier: logistic regressions on standardised features, stored as one matrix."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LinearClassifier:
    """Independent binary classifiers that share their features.

    Attributes:
        weight: float32 (classes, channels).
        bias: float32 (classes,).
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def fit(
        cls,
        features: NDArray[np.floating],
        targets: NDArray[np.bool_],
        strength: float,
        balanced: bool = False,
    ) -> "LinearClassifier":
        """Fit one logistic regression per class.

        Args:
            features: (n, channels).
            targets: (n, classes); an image may belong to several classes.
            strength: inverse of the L2 penalty on standardised features.
            balanced: whether to weight samples so that both outcomes have equal total weight.
        """
        from sklearn.linear_model import LogisticRegression

        mean, scale = features.mean(axis=0), features.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        standardised = (features - mean) / scale
        weights, biases = [], []
        for target in targets.T:
            model = LogisticRegression(
                C=strength, max_iter=2000, class_weight="balanced" if balanced else None
            ).fit(standardised, target)
            # Fold the standardisation into weight and bias.
            weight = model.coef_[0] / scale
            weights.append(weight)
            biases.append(model.intercept_[0] - weight @ mean)
        return cls(np.array(weights, np.float32), np.array(biases, np.float32))

    def scores(self, features: NDArray[np.floating]) -> NDArray[np.floating]:
        """Compute logits (n, classes) of features (n, channels)."""
        return np.asarray(features @ self.weight.T + self.bias)
