"""RegionHead: which body regions a film shows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from fracture_core.auxiliary_heads.linear_classifier import LinearClassifier

#: Probability from which a region counts as shown.
SHOWN_PROBABILITY = 0.5

# A region with fewer films to learn from is not told.
_FEWEST = 20

_STRENGTH = 0.1


@dataclass(frozen=True, eq=False)
class RegionHead:
    """Independent probabilities, for a film may show two regions at once.

    Attributes:
        names: the regions.
        linear: their logits.
    """

    names: tuple[str, ...]
    linear: LinearClassifier

    @classmethod
    def fit(cls, features: np.ndarray, regions: Sequence[Sequence[str]]) -> "RegionHead | None":
        """Learns the regions that enough films show.

        Args:
            features: float (n, channels).
            regions: of each film.

        Returns:
            The head; None where the films do not show at least two regions.
        """
        names = sorted({name for film in regions for name in film})
        shown = np.array([[name in film for name in names] for film in regions], bool).reshape(
            len(regions), -1
        )
        enough = (shown.sum(axis=0) >= _FEWEST) & ((~shown).sum(axis=0) >= _FEWEST)
        if enough.sum() < 2:
            return None
        kept = tuple(name for name, keep in zip(names, enough, strict=True) if keep)
        return cls(kept, LinearClassifier.fit(features, shown[:, enough], _STRENGTH))

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """0–1, (n, regions), for features (n, channels)."""
        return np.asarray(expit(self.linear.scores(features)))
