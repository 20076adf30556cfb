"""Confident learning finds wrong labels, and cross-validation keeps groups apart."""

import numpy as np
import pytest

from fracture_core.errors import DataError
from fracture_core.label_errors.confident_learning import cross_validated_probabilities, find_suspected_labels


def _images(count: int = 400, flipped: int = 12, seed: int = 0):
    """Informative features, labels of which some are wrong, groups of four, and the wrong indices."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(rng.random(count // 4) < 0.3, 4).astype(int)
    features = rng.normal(size=(count, 20)) + 2.5 * truth[:, None] * (np.arange(20) < 6)
    wrong = rng.choice(count, flipped, replace=False)
    labels = truth.copy()
    labels[wrong] = 1 - labels[wrong]
    return features, labels, np.repeat(np.arange(count // 4), 4), set(wrong.tolist())


def test_flipped_labels_rank_first():
    features, labels, groups, wrong = _images()
    steps: list[tuple[str, int, int]] = []
    probabilities = cross_validated_probabilities(features, labels, groups, lambda *step: steps.append(step))
    suspected = find_suspected_labels(labels, probabilities)
    assert steps == [("Cross-validating", fold, 5) for fold in range(1, 6)]
    assert len(wrong & set(suspected.tolist())) >= 9
    assert len(wrong & set(suspected[:10].tolist())) >= 8
    confidence = np.where(labels == 1, probabilities, 1 - probabilities)
    assert confidence[suspected].tolist() == sorted(confidence[suspected])


def test_result_is_reproducible():
    features, labels, groups, _ = _images()
    first, second = (
        cross_validated_probabilities(features, labels, groups, lambda *step: None) for _ in range(2)
    )
    assert first.tolist() == second.tolist()


def test_images_of_the_same_group_are_not_used():
    # Each group has its own feature, so training on one of its images would reveal the label of the others.
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 10)
    labels = rng.integers(0, 2, 40)[groups]
    features = np.eye(40)[groups]
    probabilities = cross_validated_probabilities(features, labels, groups, lambda *step: None)
    assert np.abs(probabilities - labels.mean()).max() < 0.15


def test_consistent_labels_are_not_suspected():
    labels = np.array([0, 1] * 20)
    assert find_suspected_labels(labels, np.where(labels == 1, 0.99, 0.01)).tolist() == []


@pytest.mark.parametrize("labels", [[0, 0, 0, 0], [0, 0, 0, 1]])
def test_label_with_a_single_group_is_refused(labels):
    with pytest.raises(DataError, match="at least two groups with each label"):
        cross_validated_probabilities(np.eye(4), np.array(labels), np.arange(4), lambda *step: None)
