"""Projection of network features to the principal components of the training images, on a unit sphere."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# With 32 of 576 components, neighbours agree with the labels as often as with all of them.
_COMPONENTS = 32


@dataclass(frozen=True, eq=False)
class EmbeddingProjection:
    """Principal components of standardised features.

    Attributes:
        mean: float32 (channels,).
        axes: float32 (components, channels); they include the scaling of each channel to unit variance.

    Example:
        >>> features = np.random.default_rng(0).normal(size=(50, 8))
        >>> projection = EmbeddingProjection.fit(features)
        >>> points = projection.transform(features)
        >>> points.shape, bool(np.allclose(np.linalg.norm(points, axis=1), 1, atol=1e-5))
        ((50, 8), True)
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]

    @classmethod
    def fit(cls, features: NDArray[np.floating]) -> "EmbeddingProjection":
        """Fit the projection.

        Args:
            features: float (images, channels), features of the training images.

        Returns:
            The projection to at most 32 components.
        """
        # Imported here, because a finished projection does not need it.
        from sklearn.decomposition import PCA

        deviation = features.std(axis=0)
        deviation = np.where(deviation > 0, deviation, 1.0)
        mean = features.mean(axis=0)
        # The solver may be randomised; the seed makes the result reproducible.
        pca = PCA(min(_COMPONENTS, *features.shape), random_state=0).fit((features - mean) / deviation)
        return cls(mean.astype(np.float32), (pca.components_ / deviation).astype(np.float32))

    def transform(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Project features to the unit sphere.

        Args:
            features: float (n, channels).

        Returns:
            float32 (n, components), each row of length 1.
        """
        points = (features - self.mean) @ self.axes.T
        return np.asarray(
            points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12), np.float32
        )


def point_distances(points: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the Euclidean distances between two sets of points.

    Points stored as float16 are not exactly of length 1, so that their norms are taken into account.

    Args:
        points: float (n, components).
        others: float (m, components).

    Returns:
        float32 (n, m).
    """
    others = others.astype(np.float32)
    squares = (points**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None] - 2 * points @ others.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)), np.float32)
