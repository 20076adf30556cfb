"""Cluster bootstrap of F1, balanced accuracy and MCC."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, matthews_corrcoef

from fracture_core.evaluation.bootstrap import (
    balanced_accuracy,
    bootstrap_intervals,
    group_confusion_counts,
    matthews_correlation,
)
from fracture_core.evaluation.bootstrap import f1_score as f1
from fracture_core.evaluation.scored_cases import check_scored_cases


def width(interval):
    return interval.high - interval.low


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 0.93, 1.1])
def test_values_match_scikit_learn(sample, threshold):
    intervals = bootstrap_intervals(
        check_scored_cases(sample.label, sample.probability, sample.group), threshold, resamples=20
    )
    flagged = (sample.probability >= threshold).astype(int)
    assert intervals["f1"].value == pytest.approx(f1_score(sample.label, flagged, zero_division=0))
    assert intervals["balanced_accuracy"].value == pytest.approx(
        balanced_accuracy_score(sample.label, flagged)
    )
    assert intervals["mcc"].value == pytest.approx(matthews_corrcoef(sample.label, flagged))


def test_confusion_counts_of_groups_add_up(sample):
    counts = group_confusion_counts(check_scored_cases(sample.label, sample.probability, sample.group), 0.5)
    assert counts.shape == (len(np.unique(sample.group)), 4)
    assert counts.sum() == 300
    assert counts[:, [0, 3]].sum() == sample.label.sum()


def test_intervals_depend_only_on_the_seed(sample):
    cases = check_scored_cases(sample.label, sample.probability, sample.group)
    assert bootstrap_intervals(cases, 0.5, seed=1) == bootstrap_intervals(cases, 0.5, seed=1)
    assert bootstrap_intervals(cases, 0.5, seed=1) != bootstrap_intervals(cases, 0.5, seed=2)


def test_duplicates_within_a_group_do_not_narrow_the_interval(sample):
    single = bootstrap_intervals(check_scored_cases(sample.label, sample.probability), 0.5)
    label, probability = np.repeat(sample.label, 2), np.repeat(sample.probability, 2)
    doubled = bootstrap_intervals(check_scored_cases(label, probability, np.repeat(np.arange(300), 2)), 0.5)
    independent = bootstrap_intervals(check_scored_cases(label, probability), 0.5)
    for name, interval in single.items():
        assert (doubled[name].low, doubled[name].high) == pytest.approx((interval.low, interval.high))
        assert width(independent[name]) < 0.85 * width(interval)


def test_interval_matches_explicit_resampling(sample):
    rng = np.random.default_rng(1)
    flagged = (sample.probability >= 0.5).astype(int)
    members = [np.flatnonzero(sample.group == code) for code in np.unique(sample.group)]
    draws = []
    for _ in range(400):
        rows = np.concatenate([members[code] for code in rng.integers(0, len(members), len(members))])
        draws.append(matthews_corrcoef(sample.label[rows], flagged[rows]))
    interval = bootstrap_intervals(check_scored_cases(sample.label, sample.probability, sample.group), 0.5)[
        "mcc"
    ]
    assert (interval.low, interval.high) == pytest.approx(np.percentile(draws, [2.5, 97.5]), abs=0.02)


def test_perfect_scores_have_no_interval():
    intervals = bootstrap_intervals(check_scored_cases([0, 1, 0, 1], [0.1, 0.9, 0.1, 0.9]), 0.5)
    assert intervals["mcc"].text() == "1.00 (no interval, n = 4)"


@pytest.mark.parametrize("label", [[], [0, 0, 0]])
def test_scores_are_undefined_without_fractures(label):
    intervals = bootstrap_intervals(check_scored_cases(label, [0.6] * len(label)), 0.5)
    assert not any(interval.is_measured for interval in intervals.values())


def test_scores_if_nothing_is_flagged():
    counts = np.array([0.0, 0.0, 6.0, 2.0])
    assert (float(f1(counts)), float(balanced_accuracy(counts)), float(matthews_correlation(counts))) == (
        0,
        0.5,
        0,
    )
