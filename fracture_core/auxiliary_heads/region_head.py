"""RegionHead: probabilities of the body regions that an image shows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from fracture_core.auxiliary_heads.linear_classifier import LinearClassifier

#: Probability from which a region counts as shown.
SHOWN_PROBABILITY = 0.5

# The head includes a region if at least this many images show it, and at least as many do not.
_MIN_IMAGES = 20

# Inverse of the L2 penalty.
_STRENGTH = 0.1


@dataclass(frozen=True, eq=False)
class RegionHead:
    """Estimates the probability of each region independently, because an image may show several.

    Attributes:
        names: the regions.
        linear: classifier that computes their logits.
    """

    names: tuple[str, ...]
    linear: LinearClassifier

    @classmethod
    def fit(cls, features: NDArray[np.floating], regions: Sequence[Sequence[str]]) -> "RegionHead | None":
        """Fit the head to the regions with enough images.

        Args:
            features: (n, channels).
            regions: regions of each image, n sequences.

        Returns:
            The head; None if fewer than two regions have enough images.
        """
        names = sorted({name for shown in regions for name in shown})
        targets = np.array([[name in shown for name in names] for shown in regions], bool).reshape(
            len(regions), -1
        )
        has_enough = (targets.sum(axis=0) >= _MIN_IMAGES) & ((~targets).sum(axis=0) >= _MIN_IMAGES)
        if has_enough.sum() < 2:
            return None
        fitted_names = tuple(name for name, included in zip(names, has_enough, strict=True) if included)
        return cls(fitted_names, LinearClassifier.fit(features, targets[:, has_enough], _STRENGTH))

    def probabilities(self, features: NDArray[np.floating]) -> NDArray[np.floating]:
        """Compute probabilities (n, regions), 0–1, of features (n, channels)."""
        return np.asarray(expit(self.linear.scores(features)))
