import numpy as np
import pytest

from fracture_core.errors import DataError
from fracture_core.evaluation import Interval, compute_predictive_values, summarise
from fracture_core.evaluation.proportion import proportion_interval


def share(hits: int, n: int) -> Interval:
    return proportion_interval(np.arange(n) < hits, np.arange(n))


def test_bayes_in_whole_numbers():
    # Of 1,000 films 80 have a fracture, 72 are found; 92 of the 920 others are flagged too.
    found = compute_predictive_values(share(90, 100), share(900, 1000), 0.08)
    assert found.positive.value == pytest.approx(72 / 164)
    assert found.missed.value == pytest.approx(8 / 836)
    assert found.flagged == pytest.approx(0.164)
    assert found.positive.low < found.positive.value < found.positive.high
    assert found.missed.low < found.missed.value < found.missed.high


def test_at_the_prevalence_of_the_set_they_are_those_of_the_set(sample):
    summary = summarise(sample.label, sample.probability, sample.group, 0.4)
    found = compute_predictive_values(summary.sensitivity, summary.specificity, sample.label.mean())
    assert found.positive.value == pytest.approx(summary.precision.value)
    assert found.negative.value == pytest.approx(summary.npv.value)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(4)
    truth = 0.85 * 0.1 / (0.85 * 0.1 + 0.08 * 0.9)
    held = []
    for _ in range(1500):
        sensitivity, specificity = share(rng.binomial(80, 0.85), 80), share(rng.binomial(300, 0.92), 300)
        found = compute_predictive_values(sensitivity, specificity, 0.1).positive
        held.append(found.low <= truth <= found.high)
    assert 0.935 <= np.mean(held) <= 0.97


@pytest.mark.parametrize(("found", "quiet"), [(50, 200), (0, 200), (50, 0), (0, 0), (25, 200), (50, 100)])
def test_ends_stay_in_order_where_all_or_nothing_is_flagged(found, quiet):
    both = compute_predictive_values(share(found, 50), share(quiet, 200), 0.2)
    for one in (both.positive, both.negative):
        assert not one.is_measured or 0 <= one.low <= one.value <= one.high <= 1
    assert both.positive.is_measured == (found > 0 or quiet < 200)


def test_no_false_alarm_still_leaves_doubt():
    found = compute_predictive_values(share(40, 50), share(100, 100), 0.05).positive
    assert (found.value, found.high) == (1, 1)
    assert found.low < 0.8


def test_what_cannot_be_known():
    assert not compute_predictive_values(Interval.unknown(), share(9, 10), 0.1).positive.is_measured
    for wrong in (0, 1, -0.1, 2):
        with pytest.raises(DataError, match="Expected a prevalence between 0 and 1"):
            compute_predictive_values(share(9, 10), share(9, 10), wrong)
