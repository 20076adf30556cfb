"""Out-of-distribution detection: distance of an image's features from the training images.

Source:
    K. Lee, K. Lee, H. Lee and J. Shin, "A Simple Unified Framework for Detecting Out-of-Distribution Samples and
    Adversarial Attacks", 2018, arXiv:1807.03888. Here: Mahalanobis distance in the principal components of the
    deepest features.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Maximum number of principal components.
_COMPONENTS = 32

# Share of the validation images that count as in-distribution.
_IN_DISTRIBUTION_QUANTILE = 0.995


@dataclass(frozen=True, eq=False)
class OutOfDistributionDetector:
    """Mahalanobis distance with the limit above which an image is out of distribution.

    Attributes:
        mean: float32 (channels,).
        axes: principal axes, float32 (components, channels), scaled to unit variance over the training images.
        limit: largest distance that is in distribution.
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    limit: float

    @classmethod
    def fit(cls, train: NDArray[np.floating], val: NDArray[np.floating]) -> "OutOfDistributionDetector":
        """Fit the distribution to training images and the limit to validation images.

        Args:
            train: features of training images, (n, channels).
            val: features of validation images, (n, channels).
        """
        from sklearn.decomposition import PCA

        # The solver may be randomised; the seed makes the result reproducible.
        pca = PCA(min(_COMPONENTS, *train.shape), whiten=True, random_state=0).fit(train)
        axes = pca.components_ / np.sqrt(np.maximum(pca.explained_variance_, 1e-12))[:, None]
        fitted = cls(pca.mean_.astype(np.float32), axes.astype(np.float32), np.inf)
        limit = float(np.quantile(fitted.distance(val), _IN_DISTRIBUTION_QUANTILE))
        return cls(fitted.mean, fitted.axes, limit)

    def distance(self, features: NDArray[np.floating]) -> NDArray[np.floating]:
        """Compute the distance (n,) of features (n, channels), as a root mean square over components.

        The root mean square over the training images is 1.
        """
        return np.asarray(np.sqrt(np.mean(((features - self.mean) @ self.axes.T) ** 2, axis=1)))
