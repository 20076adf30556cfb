"""AUC, its clustered variance and its confidence interval."""

import math

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from fracture_core.evaluation.auc import auc_interval, auc_variance
from fracture_core.evaluation.scored_cases import check_scored_cases


def delong(label, probability):
    """DeLong's variance, computed from all pairs."""
    positive, negative = probability[label == 1], probability[label == 0]
    kernel = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    return kernel.mean(axis=1).var(ddof=1) / len(positive) + kernel.mean(axis=0).var(ddof=1) / len(negative)


def test_variance_of_independent_cases_is_delongs(sample):
    assert auc_variance(check_scored_cases(sample.label, sample.probability)) == pytest.approx(
        delong(sample.label, sample.probability), rel=1e-12
    )


def test_worked_example():
    # The positives are ranked above 2, 2 and 1 of 2 negatives: area 5/6. V10 = 1, 1, 1/2; V01 = 1, 2/3.
    cases = check_scored_cases([1, 1, 1, 0, 0], [0.9, 0.8, 0.5, 0.2, 0.6])
    assert auc_interval(cases).value == pytest.approx(5 / 6)
    assert auc_variance(cases) == pytest.approx((1 / 12) / 3 + (1 / 18) / 2)


def test_interval_is_computed_on_the_logit_scale(sample):
    cases = check_scored_cases(sample.label, sample.probability, sample.group)
    interval = auc_interval(cases)
    area = roc_auc_score(sample.label, sample.probability)
    half_width = norm.ppf(0.975) * math.sqrt(auc_variance(cases)) / (area * (1 - area))
    assert interval.value == area
    assert (interval.low, interval.high) == pytest.approx(
        (expit(logit(area) - half_width), expit(logit(area) + half_width))
    )
    assert interval.n == 300


def test_duplicates_within_a_group_do_not_narrow_the_interval(sample):
    single = auc_interval(check_scored_cases(sample.label, sample.probability))
    tripled = auc_interval(
        check_scored_cases(
            np.repeat(sample.label, 3), np.repeat(sample.probability, 3), np.repeat(np.arange(300), 3)
        )
    )
    assert tripled.value == pytest.approx(single.value)
    assert (tripled.low, tripled.high) == pytest.approx((single.low, single.high), abs=1e-9)


def test_variance_with_both_classes_in_a_group_follows_obuchowski():
    # Obuchowski's estimator, computed with loops.
    label = np.array([1, 0, 1, 1, 0, 0, 1, 0])
    probability = np.array([0.9, 0.3, 0.4, 0.8, 0.5, 0.1, 0.45, 0.6])
    group = np.array([0, 0, 0, 1, 1, 2, 2, 3])
    kernel = {
        (i, j): float(probability[i] > probability[j])
        for i in np.flatnonzero(label == 1)
        for j in np.flatnonzero(label == 0)
    }
    area = sum(kernel.values()) / 16
    v10 = {i: sum(kernel[i, j] for j in np.flatnonzero(label == 0)) / 4 for i in np.flatnonzero(label == 1)}
    v01 = {j: sum(kernel[i, j] for i in np.flatnonzero(label == 1)) / 4 for j in np.flatnonzero(label == 0)}
    a = [sum(v10[i] - area for i in v10 if group[i] == code) for code in range(4)]
    b = [sum(v01[j] - area for j in v01 if group[j] == code) for code in range(4)]
    s10 = 3 / 2 * np.dot(a, a) / 4  # three groups contain a positive
    s01 = 4 / 3 * np.dot(b, b) / 4
    s11 = 4 / 3 * np.dot(a, b)
    assert auc_variance(check_scored_cases(label, probability, group)) == pytest.approx(
        s10 / 4 + s01 / 4 + 2 * s11 / 16
    )


def test_interval_of_perfect_separation_narrows_with_more_cases():
    few = auc_interval(check_scored_cases([0] * 5 + [1] * 5, np.linspace(0, 1, 10)))
    many = auc_interval(check_scored_cases([0] * 100 + [1] * 100, np.linspace(0, 1, 200)))
    assert few.value == few.high == 1
    assert 0.5 < few.low < 0.9
    assert few.low < many.low < 1
    inverted = auc_interval(check_scored_cases([1] * 5 + [0] * 5, np.linspace(0, 1, 10)))
    assert (inverted.value, inverted.low) == (0, 0)
    assert inverted.high == pytest.approx(1 - few.low)


def test_interval_of_perfect_separation_depends_on_the_number_of_groups():
    label, probability = [0] * 20 + [1] * 20, np.linspace(0, 1, 40)
    grouped = auc_interval(check_scored_cases(label, probability, np.repeat(np.arange(10), 4)))
    assert grouped.low < auc_interval(check_scored_cases(label, probability)).low


def test_interval_with_fractures_in_a_single_group():
    interval = auc_interval(
        check_scored_cases([1, 1, 0, 0, 0], [0.9, 0.3, 0.2, 0.5, 0.1], ["a", "a", "b", "c", "d"])
    )
    assert 0 < interval.low < interval.value < interval.high < 1


@pytest.mark.parametrize("label", [[], [1], [0, 0, 0], [1, 1]])
def test_auc_of_one_class_is_undefined(label):
    interval = auc_interval(check_scored_cases(label, [0.5] * len(label)))
    assert not interval.is_measured
    assert interval.n == len(label)


def test_coverage_of_the_interval_for_clustered_cases():
    """In 150 simulations, about 140 clustered and 130 unclustered intervals contain the true AUC."""
    rng = np.random.default_rng(5)
    truth, clustered, unclustered = norm.cdf(1.5 / 2), 0, 0
    for _ in range(150):
        group = np.repeat(np.arange(60), rng.integers(1, 7, 60))
        group_label = (rng.random(60) < 0.3)[group]
        label = np.where(rng.random(len(group)) < 0.8, group_label, rng.random(len(group)) < 0.3).astype(int)
        score = 1.5 * label + rng.normal(size=len(group)) + rng.normal(size=60)[group]
        interval = auc_interval(check_scored_cases(label, expit(score), group))
        clustered += interval.low <= truth <= interval.high
        simple = auc_interval(check_scored_cases(label, expit(score)))
        unclustered += simple.low <= truth <= simple.high
    assert clustered / 150 > 0.90
    assert unclustered < clustered
