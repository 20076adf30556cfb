"""Directions: the few directions in which a network tells films apart, and films as points on a sphere in them."""

from dataclasses import dataclass

import numpy as np

# Distances in so many directions order films as those in all do (32 of 576 agree as often with the labels).
_COMPONENTS = 32


@dataclass(frozen=True, eq=False)
class EmbeddingProjection:
    """Standardised features, turned into their main directions.

    Attributes:
        mean: float32 (channels,).
        axes: float32 (components, channels), scaled to unit variance of each channel first.
    """

    mean: np.ndarray
    axes: np.ndarray

    @classmethod
    def fit(cls, features: np.ndarray) -> "EmbeddingProjection":
        """The main directions of films.

        Args:
            features: of the films, float (films, channels).
        """
        spread = features.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        mean = features.mean(axis=0)
        # Seeded, for the solver may be randomised; the same films give the same directions.
        from sklearn.decomposition import PCA

        parts = PCA(min(_COMPONENTS, *features.shape), random_state=0).fit((features - mean) / spread)
        return cls(mean.astype(np.float32), (parts.components_ / spread).astype(np.float32))

    def transform(self, features: np.ndarray) -> np.ndarray:
        """Points of length 1, float32 (n, components), of features (n, channels)."""
        points = (features - self.mean) @ self.axes.T
        return np.asarray(
            points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12), np.float32
        )


def point_distances(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Between points: float32 (n, m). Rounding leaves kept points not quite of length 1."""
    others = others.astype(np.float32)
    squares = (points**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None] - 2 * points @ others.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)))
