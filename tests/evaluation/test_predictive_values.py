"""Predictive values at a given prevalence."""

import numpy as np
import pytest

from fracture_core.errors import DataError
from fracture_core.evaluation import Interval, compute_predictive_values, summarise
from fracture_core.evaluation.proportion import proportion_interval


def proportion(successes: int, n: int) -> Interval:
    return proportion_interval(np.arange(n) < successes, np.arange(n))


def test_worked_example():
    # Of 1,000 images, 80 have a fracture and 72 of these are flagged; so are 92 of the other 920.
    values = compute_predictive_values(proportion(90, 100), proportion(900, 1000), 0.08)
    assert values.positive.value == pytest.approx(72 / 164)
    assert values.missed.value == pytest.approx(8 / 836)
    assert values.flagged == pytest.approx(0.164)
    assert values.positive.low < values.positive.value < values.positive.high
    assert values.missed.low < values.missed.value < values.missed.high


def test_values_at_the_prevalence_of_the_sample_are_those_of_the_sample(sample):
    summary = summarise(sample.label, sample.probability, sample.group, 0.4)
    values = compute_predictive_values(summary.sensitivity, summary.specificity, sample.label.mean())
    assert values.positive.value == pytest.approx(summary.precision.value)
    assert values.negative.value == pytest.approx(summary.npv.value)


def test_coverage_of_the_interval():
    rng = np.random.default_rng(4)
    truth = 0.85 * 0.1 / (0.85 * 0.1 + 0.08 * 0.9)
    covered = []
    for _ in range(600):
        sensitivity, specificity = (
            proportion(rng.binomial(80, 0.85), 80),
            proportion(rng.binomial(300, 0.92), 300),
        )
        ppv = compute_predictive_values(sensitivity, specificity, 0.1).positive
        covered.append(ppv.low <= truth <= ppv.high)
    assert 0.93 <= np.mean(covered) <= 0.98


@pytest.mark.parametrize(
    ("true_positives", "true_negatives"), [(50, 200), (0, 200), (50, 0), (0, 0), (25, 200), (50, 100)]
)
def test_interval_is_ordered_if_all_or_no_cases_are_flagged(true_positives, true_negatives):
    both = compute_predictive_values(proportion(true_positives, 50), proportion(true_negatives, 200), 0.2)
    for one in (both.positive, both.negative):
        assert not one.is_measured or 0 <= one.low <= one.value <= one.high <= 1
    assert both.positive.is_measured == (true_positives > 0 or true_negatives < 200)


def test_interval_without_false_alarms_has_a_lower_end_below_one():
    ppv = compute_predictive_values(proportion(40, 50), proportion(100, 100), 0.05).positive
    assert (ppv.value, ppv.high) == (1, 1)
    assert ppv.low < 0.8


def test_unknown_sensitivity_and_invalid_prevalence():
    assert not compute_predictive_values(Interval.unknown(), proportion(9, 10), 0.1).positive.is_measured
    for invalid in (0, 1, -0.1, 2):
        with pytest.raises(DataError, match="Expected a prevalence between 0 and 1"):
            compute_predictive_values(proportion(9, 10), proportion(9, 10), invalid)
