"""Familiarity: how far a film's features lie from those of the films a network has learnt from.

Mahalanobis distance in the principal components of the deepest features, after Lee et al. 2018, arXiv:1807.03888.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA

_COMPONENTS = 32

# This share of the validation films, none of which was learnt from, counts as familiar.
_FAMILIAR_QUANTILE = 0.995


@dataclass(frozen=True, eq=False)
class OutOfDistribution:
    """Distance, with the limit up to which films count as known.

    Attributes:
        mean: float32 (channels,).
        axes: float32 (components, channels), each scaled to unit variance over the training films.
        limit: distance of the last familiar film.
    """

    mean: np.ndarray
    axes: np.ndarray
    limit: float

    @classmethod
    def fit(cls, train: np.ndarray, val: np.ndarray) -> "OutOfDistribution":
        """Learns what is usual from training films, and the limit from validation films, features (n, channels)."""
        # Seeded, for the solver may be randomised; the same films give the same limit.
        parts = PCA(min(_COMPONENTS, *train.shape), whiten=True, random_state=0).fit(train)
        axes = parts.components_ / np.sqrt(np.maximum(parts.explained_variance_, 1e-12))[:, None]
        found = cls(parts.mean_.astype(np.float32), axes.astype(np.float32), np.inf)
        return cls(found.mean, found.axes, float(np.quantile(found.distance(val), _FAMILIAR_QUANTILE)))

    def distance(self, features: np.ndarray) -> np.ndarray:
        """Root mean square over components, (n,); 1 is usual."""
        return np.asarray(np.sqrt(np.mean(((features - self.mean) @ self.axes.T) ** 2, axis=1)))
