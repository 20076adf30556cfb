import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from fracture_core.errors import DataError
from fracture_core.evaluation import compute_decision_curve, net_benefit, net_benefit_of_all


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.35, 0.5, 0.9])
def test_net_benefit_is_vickers_and_elkins_formula(sample, threshold):
    tn, fp, fn, tp = confusion_matrix(sample.label, sample.probability >= threshold).ravel()
    n = tn + fp + fn + tp
    wanted = tp / n - fp / n * threshold / (1 - threshold)
    assert net_benefit(sample.label, sample.probability, None, threshold).value == pytest.approx(wanted)


def test_a_curve_holds_what_single_thresholds_say(sample):
    curve = compute_decision_curve(sample.label, sample.probability, sample.group)
    at = 29
    one = net_benefit(sample.label, sample.probability, sample.group, curve.thresholds[at])
    assert (curve.model[at], curve.low[at], curve.high[at]) == (one.value, one.low, one.high)
    everyone = net_benefit(sample.label, np.ones(len(sample.label)), None, curve.thresholds[at])
    assert curve.every[at] == pytest.approx(everyone.value)
    assert net_benefit_of_all(curve.prevalence, curve.thresholds[at]) == curve.every[at]
    assert curve.every[0] == pytest.approx(curve.prevalence, abs=0.01)
    assert len(curve.to_frame()) == 99
    low, high = curve.display_range()
    assert low < 0 < curve.model.max() < high


def test_the_interval_is_as_wide_as_groups_drawn_again_say(sample):
    found = net_benefit(sample.label, sample.probability, sample.group, 0.3)
    rng = np.random.default_rng(1)
    members = [np.flatnonzero(sample.group == code) for code in np.unique(sample.group)]
    drawn = []
    for _ in range(1500):
        rows = np.concatenate([members[at] for at in rng.integers(0, len(members), len(members))])
        drawn.append(net_benefit(sample.label[rows], sample.probability[rows], None, 0.3).value)
    assert (found.high - found.low) / 2 == pytest.approx(1.99 * np.std(drawn), rel=0.1)


def test_copies_of_films_add_no_certainty(sample):
    alone = np.arange(len(sample.label))
    once = net_benefit(sample.label, sample.probability, alone, 0.3)
    twice = net_benefit(np.tile(sample.label, 2), np.tile(sample.probability, 2), np.tile(alone, 2), 0.3)
    assert (once.low, once.high) == pytest.approx((twice.low, twice.high))


def test_what_cannot_be_measured():
    assert not net_benefit([0, 1], [0.2, 1.0], None, 1.0).is_measured
    assert np.isnan(net_benefit([0, 1], [0.2, 0.9], ["a", "a"], 0.5).low)
    with pytest.raises(DataError, match="for a decision curve, got 0 with"):
        compute_decision_curve([0, 0], [0.1, 0.2])


def test_where_the_model_is_worth_its_while():
    label = np.repeat([0, 1], 50)
    perfect = compute_decision_curve(label, label * 0.98 + 0.01)
    assert perfect.useful_range() == pytest.approx((0.02, 0.98), abs=0.011)
    backwards = compute_decision_curve(label, 0.99 - label * 0.98)
    assert backwards.useful_range() is None
