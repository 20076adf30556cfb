"""Cross-validated probabilities and the label errors that confident learning derives from them.

Source:
    C. G. Northcutt, L. Jiang and I. L. Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
    Journal of Artificial Intelligence Research 70, 2021; implemented by the authors' library, cleanlab.
"""

import numpy as np
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from fracture_core.errors import DataError
from fracture_core.jobs.progress import ProgressCallback

#: Most folds of the cross-validation.
FOLDS = 5

# Inverse of the L2 penalty on standardised features, divided by the number of channels so that scores have the same
# scale for every network. Of 0.2, 2 and 20, this value had the lowest cross-validated log loss on FracAtlas.
_STRENGTH = 2.0


def cross_validated_probabilities(
    features: NDArray[np.floating],
    labels: NDArray[np.integer],
    groups: NDArray[np.integer],
    progress: ProgressCallback,
) -> NDArray[np.float64]:
    """Predict each image with a logistic regression fitted to images of other groups.

    Args:
        features: features of the images, (n, channels).
        labels: given labels, 0 or 1, (n,).
        groups: group codes, (n,). A group is never divided between training and held-out fold.
        progress: called with (stage, finished folds, folds).

    Returns:
        Probability of label 1 for each image, float64 (n,).

    Raises:
        DataError: If one label occurs in fewer than two groups.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> labels = np.tile([0, 1], 20)
        >>> features = rng.normal(size=(40, 3)) + 5 * labels[:, None]
        >>> labels[0] = 1  # a label error
        >>> probabilities = cross_validated_probabilities(features, labels, np.arange(40), lambda *step: None)
        >>> find_suspected_labels(labels, probabilities).tolist()
        [0]
    """
    fewest_groups = min(len(set(groups[labels == label].tolist())) for label in (0, 1))
    if fewest_groups < 2:
        raise DataError(
            f"The search needs images from at least two groups with each label, but one label has {fewest_groups}: "
            "choose a larger dataset."
        )
    folds = min(FOLDS, fewest_groups)
    probabilities = np.zeros(len(labels))
    # The seed makes the result reproducible.
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
    for number, (train, held_out) in enumerate(splitter.split(features, labels, groups), 1):
        mean, scale = features[train].mean(axis=0), features[train].std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        classifier = LogisticRegression(C=_STRENGTH / features.shape[1], max_iter=2000)
        classifier.fit((features[train] - mean) / scale, labels[train])
        probabilities[held_out] = classifier.predict_proba((features[held_out] - mean) / scale)[:, 1]
        progress("Cross-validating", number, folds)
    return probabilities


def find_suspected_labels(
    labels: NDArray[np.integer], probabilities: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Find labels that are probably wrong.

    Confident learning estimates the number of errors for each label ("prune by noise rate"). An image counts as an
    error if its probability of the other label exceeds the average probability of images with that label.

    Args:
        labels: given labels, 0 or 1, (n,).
        probabilities: cross-validated probabilities of label 1, (n,).

    Returns:
        Indices of the suspected label errors, most suspicious first.
    """
    return np.asarray(
        find_label_issues(
            labels,
            np.stack([1 - probabilities, probabilities], axis=1),
            filter_by="prune_by_noise_rate",
            return_indices_ranked_by="self_confidence",
            n_jobs=1,  # with two classes, starting processes would take longer than the computation
        ),
        np.intp,
    )
