"""Wrong labels among clear ones are found, right ones are left alone, and no film judges itself."""

import numpy as np
import pytest

from fracture_core.errors import DataError
from fracture_core.label_errors.confident_learning import find_suspected_labels
from fracture_core.label_errors.out_of_fold import out_of_fold_probabilities


def _films(count: int = 400, flipped: int = 12, seed: int = 0):
    """Features that tell the truth well, labels of which some are wrong, and groups of four."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(rng.random(count // 4) < 0.3, 4).astype(int)
    features = rng.normal(size=(count, 20)) + 2.5 * truth[:, None] * (np.arange(20) < 6)
    wrong = rng.choice(count, flipped, replace=False)
    labels = truth.copy()
    labels[wrong] = 1 - labels[wrong]
    return features, labels, np.repeat(np.arange(count // 4), 4), set(wrong.tolist())


def test_labels_that_were_turned_round_are_found_first():
    features, labels, groups, wrong = _films()
    told: list[tuple[int, int]] = []
    chances = out_of_fold_probabilities(
        features, labels, groups, lambda stage, done, total: told.append((done, total))
    )
    found = find_suspected_labels(labels, chances)
    assert told == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]
    assert len(wrong & set(found.tolist())) >= 9
    assert len(wrong & set(found[:10].tolist())) >= 8
    doubt = np.where(labels == 1, chances, 1 - chances)
    assert doubt[found].tolist() == sorted(doubt[found])


def test_the_same_films_give_the_same_list():
    features, labels, groups, _ = _films()
    first, second = (
        out_of_fold_probabilities(features, labels, groups, lambda *step: None) for _ in range(2)
    )
    assert first.tolist() == second.tolist()


def test_no_film_of_its_group_speaks_for_a_film():
    # Each group has a feature of its own: whoever learnt from one of the group would know the others' label.
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 10)
    labels = rng.integers(0, 2, 40)[groups]
    features = np.eye(40)[groups]
    chances = out_of_fold_probabilities(features, labels, groups, lambda *step: None)
    assert np.abs(chances - labels.mean()).max() < 0.15


def test_without_any_doubt_nothing_is_listed():
    labels = np.array([0, 1] * 20)
    assert find_suspected_labels(labels, np.where(labels == 1, 0.99, 0.01)).tolist() == []


@pytest.mark.parametrize("labels", [[0, 0, 0, 0], [0, 0, 0, 1]])
def test_a_label_of_one_group_is_said(labels):
    with pytest.raises(DataError, match="at least two groups with each label"):
        out_of_fold_probabilities(np.eye(4), np.array(labels), np.arange(4), lambda *step: None)
