"""ROC, precision–recall and reliability curves."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_score, recall_score, roc_auc_score

from fracture_core.errors import DataError
from fracture_core.evaluation import (
    compute_precision_recall_curve,
    compute_reliability_curve,
    compute_roc_curve,
)
from fracture_core.evaluation.reliability import equal_mass_bins

THRESHOLDS = (0.0, 0.105, 0.5, 0.73, 0.9)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_operating_points_match_scikit_learn(sample, threshold):
    flagged = sample.probability >= threshold
    sensitivity = recall_score(sample.label, flagged)
    roc, pr = (
        compute_roc_curve(sample.label, sample.probability),
        compute_precision_recall_curve(sample.label, sample.probability),
    )
    assert roc.at(threshold) == pytest.approx((flagged[sample.label == 0].mean(), sensitivity))
    assert pr.at(threshold) == pytest.approx((sensitivity, precision_score(sample.label, flagged)))


def test_nothing_is_flagged_above_all_probabilities(sample):
    assert compute_roc_curve(sample.label, sample.probability).at(1.5) == (0, 0)
    assert compute_precision_recall_curve(sample.label, sample.probability).at(1.5) == (0, 1)


def test_areas_match_scikit_learn(sample):
    roc, pr = (
        compute_roc_curve(sample.label, sample.probability),
        compute_precision_recall_curve(sample.label, sample.probability),
    )
    assert roc.area == roc_auc_score(sample.label, sample.probability)
    assert pr.average_precision == average_precision_score(sample.label, sample.probability)
    assert pr.prevalence == sample.label.mean()


@pytest.mark.parametrize("compute", [compute_roc_curve, compute_precision_recall_curve])
def test_one_class_is_an_error(compute):
    with pytest.raises(DataError, match="got 0 with and 2 without: add"):
        compute([0, 0], [0.1, 0.2])


def test_bins_have_equal_size_and_do_not_split_ties():
    assert np.bincount(equal_mass_bins(np.linspace(0, 1, 100))).tolist() == [10] * 10
    assert len(set(equal_mass_bins(np.full(50, 0.3)))) == 1
    assert equal_mass_bins(np.array([0.1, 0.2, 0.3])).tolist() == [0, 1, 2]
    assert equal_mass_bins(np.array([])).tolist() == []


def test_ece_worked_example():
    # Two bins: a probability of 0.2 with 50% fractures, and 0.9 with 100% fractures.
    curve = compute_reliability_curve([0, 1, 1, 1], [0.2, 0.2, 0.9, 0.9], bins=2)
    assert curve.predicted == pytest.approx([0.2, 0.9])
    assert [share.value for share in curve.observed] == [0.5, 1]
    assert curve.ece == pytest.approx((0.3 + 0.1) / 2)


def test_ece_is_independent_of_the_order_of_cases(sample):
    order = np.random.default_rng(0).permutation(300)
    shuffled = compute_reliability_curve(sample.label[order], sample.probability[order]).ece
    assert shuffled == pytest.approx(compute_reliability_curve(sample.label, sample.probability).ece)


def test_ece_of_calibrated_probabilities_is_small():
    rng = np.random.default_rng(2)
    probability = rng.random(20000)
    assert compute_reliability_curve(rng.random(20000) < probability, probability).ece < 0.02


def test_reliability_curve_without_cases():
    curve = compute_reliability_curve([], [])
    assert curve.observed == ()
    assert np.isnan(curve.ece)
