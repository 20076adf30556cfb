"""Proportions with a clustered Wilson interval."""

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from fracture_core.evaluation.proportion import effective_sample_size, proportion_interval


def width(interval):
    return interval.high - interval.low


@pytest.mark.parametrize("hits", [0, 1, 7, 19, 20])
def test_independent_cases_give_the_wilson_interval(hits):
    success = np.arange(20) < hits
    interval = proportion_interval(success, np.arange(20))
    low, high = proportion_confint(hits, 20, method="wilson")
    assert (interval.value, interval.low, interval.high) == pytest.approx((hits / 20, low, high), abs=1e-12)
    assert interval.n == 20


def test_duplicates_within_a_group_do_not_narrow_the_interval():
    rng = np.random.default_rng(3)
    success = rng.random(100) < 0.8
    single = proportion_interval(success, np.arange(100))
    tripled = proportion_interval(np.repeat(success, 3), np.repeat(np.arange(100), 3))
    independent = proportion_interval(np.repeat(success, 3), np.arange(300))
    assert tripled.value == single.value
    assert width(tripled) == pytest.approx(width(single), rel=0.02)
    assert width(independent) < 0.65 * width(single)


@pytest.mark.parametrize("value", [0, 1])
def test_duplicates_do_not_change_the_interval_at_0_and_100_percent(value):
    single = proportion_interval(np.full(30, value), np.arange(30))
    tripled = proportion_interval(np.full(90, value), np.repeat(np.arange(30), 3))
    assert (tripled.low, tripled.high) == pytest.approx((single.low, single.high))
    assert value in (single.low, single.high)
    assert width(single) > 0.05


def test_design_effect_is_at_least_one():
    # Each group has one success and one failure, so the variance is smaller than for independent cases.
    assert effective_sample_size(np.tile([True, False], 20), np.repeat(np.arange(20), 2)) <= 40


def test_effective_sample_size_worked_example():
    # Rao and Scott 1992: variance of the ratio of group sums over that of independent cases.
    success = np.array([1, 1, 1, 0, 0, 0, 1, 1, 0, 1], dtype=bool)
    group = np.array([0, 0, 0, 1, 1, 1, 2, 2, 3, 3])
    residual = [sum(success[group == code] - 0.6) for code in range(4)]
    deff = (4 / 3 * np.dot(residual, residual) / 100) / (0.6 * 0.4 / 9)
    t_ratio = (2.2621571628 / 3.1824463053) ** 2  # t(9) over t(3)
    assert deff > 1
    assert effective_sample_size(success, group) == pytest.approx(10 / deff * t_ratio)


def test_single_group_counts_as_one_case():
    assert effective_sample_size(np.array([True, True, False]), np.zeros(3, dtype=int)) == 1


def test_proportion_without_cases():
    interval = proportion_interval([], [])
    assert interval.n == 0
    assert not interval.is_measured


def test_coverage_of_the_interval_for_clustered_cases():
    """In 400 simulations, about 375 clustered intervals and 310 plain Wilson intervals contain the true value."""
    rng = np.random.default_rng(11)
    truth, correlation, plain, clustered = 0.85, 0.5, 0, 0
    for _ in range(400):
        group = np.repeat(np.arange(40), rng.integers(1, 7, 40))
        chance = rng.beta(truth * (1 / correlation - 1), (1 - truth) * (1 / correlation - 1), 40)
        success = rng.random(len(group)) < chance[group]
        interval = proportion_interval(success, group)
        clustered += interval.low <= truth <= interval.high
        low, high = proportion_confint(success.sum(), len(success), method="wilson")
        plain += low <= truth <= high
    assert clustered / 400 > 0.91
    assert plain / 400 < 0.83
