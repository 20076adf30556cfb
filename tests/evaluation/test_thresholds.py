"""Thresholds of the verdicts and counts of the verdicts."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from fracture_core.errors import DataError
from fracture_core.evaluation import Thresholds, VerdictCounts, count_verdicts
from fracture_core.evaluation.thresholds import verdict_indices
from fracture_core.vocabulary import Verdict

TARGETS = (0.5, 0.7, 0.8, 0.9, 0.95, 1.0)


def sensitivity(label, probability, threshold):
    return np.mean(probability[label == 1] >= threshold)


def specificity(label, probability, threshold):
    return np.mean(probability[label == 0] < threshold)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("target", TARGETS)
def test_targets_are_reached_on_the_validation_cases(seed, target):
    rng = np.random.default_rng(seed)
    label = rng.permutation(np.repeat([0, 1], (37 + seed, 20)))
    probability = np.round(1 / (1 + np.exp(-(label + rng.normal(size=len(label))))), 1 + seed % 3)  # ties
    thresholds = Thresholds.choose(label, probability, target, target)
    assert thresholds.low <= thresholds.balanced <= thresholds.high
    assert sensitivity(label, probability, thresholds.low) >= target
    assert specificity(label, probability, thresholds.high) >= target
    if thresholds.low < thresholds.high:
        # Neither threshold could be moved towards the other.
        above = probability[probability > thresholds.low].min(initial=2)
        assert sensitivity(label, probability, above) < target
        below = probability[probability < thresholds.high].max(initial=-1)
        assert specificity(label, probability, below) < target


def test_higher_targets_do_not_narrow_the_uncertain_band(sample):
    thresholds = [Thresholds.choose(sample.label, sample.probability, target, target) for target in TARGETS]
    lows, highs = [item.low for item in thresholds], [item.high for item in thresholds]
    has_band = [item.low < item.high for item in thresholds]
    first = has_band.index(True)
    assert all(has_band[first:])
    assert lows[first:] == sorted(lows[first:], reverse=True)
    assert highs[first:] == sorted(highs[first:])


def test_thresholds_of_a_worked_example():
    label = np.array([0, 0, 0, 0, 1, 0, 1, 1, 0, 1])
    probability = np.arange(10) / 10
    # All fractures are at or above 0.4, all other cases below 0.9. Youden's index is 1 + 4/6 − 1 at 0.4,
    # 3/4 + 5/6 − 1 at 0.6 and less elsewhere.
    assert Thresholds.choose(label, probability, 1.0, 1.0) == Thresholds(0.4, 0.9, 1.0, 1.0, 0.4)
    # Three of four fractures are at or above 0.6 and five of six others below it: both targets are reached.
    assert Thresholds.choose(label, probability, 0.75, 5 / 6) == Thresholds(0.6, 0.6, 0.75, 5 / 6, 0.6)


def test_no_uncertain_band_if_one_threshold_reaches_both_targets():
    label, probability = np.array([0] * 20 + [1] * 20), np.linspace(0, 1, 40)
    thresholds = Thresholds.choose(label, probability)
    assert thresholds.low == thresholds.high == thresholds.balanced == probability[20]
    assert {thresholds.verdict(value) for value in probability} == {Verdict.NOT_SEEN, Verdict.SUSPECTED}


def test_balanced_threshold_maximises_the_youden_index(sample):
    thresholds = Thresholds.choose(sample.label, sample.probability, 1.0, 1.0)
    false_rate, true_rate, _ = roc_curve(sample.label, sample.probability)
    youden = sensitivity(sample.label, sample.probability, thresholds.balanced) + specificity(
        sample.label, sample.probability, thresholds.balanced
    )
    assert youden - 1 == pytest.approx((true_rate - false_rate).max())


def test_balanced_threshold_stays_within_the_uncertain_band(sample):
    thresholds = Thresholds.choose(sample.label, sample.probability, 0.85, 0.85)
    assert sensitivity(sample.label, sample.probability, thresholds.balanced) >= 0.85
    assert specificity(sample.label, sample.probability, thresholds.balanced) >= 0.85


def test_upper_threshold_is_above_one_if_no_case_can_reach_it():
    thresholds = Thresholds.choose([1, 1, 0, 0], [0.1, 0.2, 0.3, 1.0], 1.0, 1.0)
    assert thresholds.high > 1
    assert thresholds.verdict(1.0) is Verdict.UNCERTAIN


def test_equal_probabilities_are_uncertain():
    thresholds = Thresholds.choose([0, 1, 0, 1], [0.3] * 4)
    assert thresholds.low == 0.3 < thresholds.high
    assert thresholds.verdict(0.3) is Verdict.UNCERTAIN


@pytest.mark.parametrize(
    ("probability", "verdict"),
    [
        (0.0, "no fracture seen"),
        (0.199, "no fracture seen"),
        (0.2, "uncertain"),
        (0.6, "fracture suspected"),
        (1, "fracture suspected"),
    ],
)
def test_verdict_follows_the_thresholds(probability, verdict):
    assert Thresholds(0.2, 0.6, 0.95, 0.95, 0.4).verdict(probability).value == verdict


def test_verdict_of_nan_is_an_error():
    with pytest.raises(ValueError, match="nan"):
        Thresholds(0.2, 0.6, 0.95, 0.95, 0.4).verdict(float("nan"))


@pytest.mark.parametrize(
    ("label", "target", "message"),
    [
        ([1, 1], 0.95, "to choose thresholds on, got 2 with and 0 without: add"),
        ([0, 1], 1.5, "Expected a target sensitivity above 0 and at most 1, got 1.5: choose"),
        ([0, 1], 0.0, "got 0: choose"),
    ],
)
def test_invalid_input_is_refused(label, target, message):
    with pytest.raises(DataError, match=message):
        Thresholds.choose(label, [0.2, 0.3], sensitivity_target=target)


def test_json_round_trip(sample):
    thresholds = Thresholds.choose(sample.label, sample.probability)
    assert Thresholds.from_json(json.loads(json.dumps(thresholds.to_json(), allow_nan=False))) == thresholds
    with pytest.raises(DataError, match=r"low ≤ balanced ≤ high, got 0.9, 0.5 and 0.6: choose"):
        Thresholds.from_json({**thresholds.to_json(), "low": 0.9, "balanced": 0.5, "high": 0.6})


def test_verdict_counts_by_label(sample):
    table = count_verdicts(sample.label, sample.probability, 0.3, 0.7)
    assert sum(table.fracture) == sample.label.sum()
    assert table.count(Verdict.SUSPECTED, 0) == np.sum((sample.label == 0) & (sample.probability >= 0.7))
    assert table.count(Verdict.NOT_SEEN, 1) == np.sum((sample.label == 1) & (sample.probability < 0.3))
    assert table.to_frame().loc["uncertain", "fracture"] == table.count(Verdict.UNCERTAIN, 1)
    assert VerdictCounts.from_json(json.loads(json.dumps(table.to_json()))) == table


@pytest.mark.parametrize("row", [[1, 2], "abc", [1, 2, 0.5]])
def test_invalid_verdict_counts_in_json(row):
    with pytest.raises(DataError, match=r"^fracture"):
        VerdictCounts.from_json({"fracture": row, "no_fracture": [0, 0, 0]})


def test_verdict_indices_have_the_shape_of_the_probabilities():
    assert verdict_indices([[0.1, 0.3], [0.5, 0.9]], 0.3, 0.9).tolist() == [[0, 1], [1, 2]]
