"""Probabilities that nobody's own label has touched: cross-validated, whole groups at a time."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from fracture_core.errors import DataError
from fracture_core.jobs.progress import ProgressCallback

#: Parts into which the films are dealt; each is judged by what the others say.
FOLDS = 5

# Inverse of the L2 penalty on standardised features, times their number, so that the score of a film keeps its size
# whatever network looks. Of 0.2, 2 and 20 the one whose cross-validated log loss was lowest on FracAtlas.
_STRENGTH = 2.0


def out_of_fold_probabilities(
    features: NDArray[np.floating],
    labels: NDArray[np.integer],
    groups: NDArray[np.integer],
    progress: ProgressCallback,
) -> NDArray[np.float64]:
    """How likely each film has the finding, by a logistic regression fitted to films of other groups.

    Args:
        features: of each film, (n, channels).
        labels: 0 or 1, (n,).
        groups: codes, (n,); films of one group are never on both sides.
        progress: called with (stage, folds done, folds).

    Returns:
        Probabilities of label 1, (n,).

    Raises:
        DataError: a label has films of one group only, so that nothing is left to learn it from.
    """
    apart = min(len(set(groups[labels == label].tolist())) for label in (0, 1))
    if apart < 2:
        raise DataError(
            "Expected films of at least two groups with each label, for each film is judged by those of other groups, "
            f"but one label has {apart}: name a larger data set."
        )
    folds = min(FOLDS, apart)
    found = np.zeros(len(labels))
    # Seeded, so that the same films give the same list.
    dealt = StratifiedGroupKFold(folds, shuffle=True, random_state=0).split(features, labels, groups)
    for number, (known, asked) in enumerate(dealt, 1):
        mean, spread = features[known].mean(axis=0), features[known].std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        fitted = LogisticRegression(C=_STRENGTH / features.shape[1], max_iter=2000).fit(
            (features[known] - mean) / spread, labels[known]
        )
        found[asked] = fitted.predict_proba((features[asked] - mean) / spread)[:, 1]
        progress("Cross-validating", number, folds)
    return found
