"""Net benefit and decision curves."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from fracture_core.errors import DataError
from fracture_core.evaluation import compute_decision_curve, net_benefit, net_benefit_of_all


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.35, 0.5, 0.9])
def test_net_benefit_follows_vickers_and_elkin(sample, threshold):
    tn, fp, fn, tp = confusion_matrix(sample.label, sample.probability >= threshold).ravel()
    n = tn + fp + fn + tp
    expected = tp / n - fp / n * threshold / (1 - threshold)
    assert net_benefit(sample.label, sample.probability, None, threshold).value == pytest.approx(expected)


def test_curve_matches_net_benefits_at_single_thresholds(sample):
    curve = compute_decision_curve(sample.label, sample.probability, sample.group)
    index = 29
    one = net_benefit(sample.label, sample.probability, sample.group, curve.thresholds[index])
    assert (curve.model[index], curve.low[index], curve.high[index]) == (one.value, one.low, one.high)
    treat_all = net_benefit(sample.label, np.ones(len(sample.label)), None, curve.thresholds[index])
    assert curve.treat_all[index] == pytest.approx(treat_all.value)
    assert net_benefit_of_all(curve.prevalence, curve.thresholds[index]) == curve.treat_all[index]
    assert curve.treat_all[0] == pytest.approx(curve.prevalence, abs=0.01)
    assert len(curve.to_frame()) == 99
    low, high = curve.display_range()
    assert low < 0 < curve.model.max() < high


def test_interval_matches_a_cluster_bootstrap(sample):
    benefit = net_benefit(sample.label, sample.probability, sample.group, 0.3)
    rng = np.random.default_rng(1)
    members = [np.flatnonzero(sample.group == code) for code in np.unique(sample.group)]
    draws = []
    for _ in range(600):
        rows = np.concatenate([members[index] for index in rng.integers(0, len(members), len(members))])
        draws.append(net_benefit(sample.label[rows], sample.probability[rows], None, 0.3).value)
    assert (benefit.high - benefit.low) / 2 == pytest.approx(1.99 * np.std(draws), rel=0.12)


def test_duplicates_within_a_group_do_not_narrow_the_interval(sample):
    group = np.arange(len(sample.label))
    single = net_benefit(sample.label, sample.probability, group, 0.3)
    doubled = net_benefit(np.tile(sample.label, 2), np.tile(sample.probability, 2), np.tile(group, 2), 0.3)
    assert (single.low, single.high) == pytest.approx((doubled.low, doubled.high))


def test_undefined_net_benefits():
    assert not net_benefit([0, 1], [0.2, 1.0], None, 1.0).is_measured
    assert np.isnan(net_benefit([0, 1], [0.2, 0.9], ["a", "a"], 0.5).low)
    with pytest.raises(DataError, match="for a decision curve, got 0 with"):
        compute_decision_curve([0, 0], [0.1, 0.2])


def test_useful_range_of_perfect_and_inverted_predictions():
    label = np.repeat([0, 1], 50)
    perfect = compute_decision_curve(label, label * 0.98 + 0.01)
    assert perfect.useful_range() == pytest.approx((0.02, 0.98), abs=0.011)
    inverted = compute_decision_curve(label, 0.99 - label * 0.98)
    assert inverted.useful_range() is None
