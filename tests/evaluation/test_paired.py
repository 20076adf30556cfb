"""Paired comparison of two models."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from fracture_core.errors import DataError
from fracture_core.evaluation.auc import _components
from fracture_core.evaluation.paired import _weighted_auc, compare_paired, shared_predictions
from fracture_core.evaluation.scored_cases import check_scored_cases


def simulate(n=300, groups=300, seed=3, gain=(1.2, 0.8), correlation=0.0) -> pd.DataFrame:
    """Predictions of two correlated models; `correlation` scales the effect of the group."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, n)
    label = (rng.random(n) < 0.4).astype(int)
    if correlation:
        label = (rng.random(groups) < 0.4).astype(int)[group]
    noise = rng.normal(size=n)
    columns = {}
    for name, weight in zip(("first", "second"), gain, strict=True):
        own = rng.normal(size=n) + correlation * rng.normal(size=groups)[group]
        columns[name] = np.round(expit(weight * (2 * label - 1) + 0.7 * noise + own), 2)
    return pd.DataFrame({"id": [f"f{k}" for k in range(n)], "label": label, "group": group, **columns})


def delong(table: pd.DataFrame) -> float:
    """Standard error of the difference for independent images (DeLong 1988)."""
    positive = table["label"].to_numpy() == 1
    parts = [
        _components(table[name].to_numpy()[positive], table[name].to_numpy()[~positive])
        for name in ("first", "second")
    ]
    variance = 0.0
    for label in (0, 1):
        covariance = np.cov(np.stack([part[label] for part in parts]))
        variance += (covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]) / len(parts[0][label])
    return float(np.sqrt(variance))


def test_weighted_auc_matches_scikit_learn():
    table = simulate(80)
    rng = np.random.default_rng(0)
    weight = rng.integers(0, 4, (5, 80)).astype(float)
    cases = check_scored_cases(table["label"], table["first"])
    for row, auc in zip(weight, _weighted_auc(cases, weight), strict=True):
        assert auc == pytest.approx(roc_auc_score(table["label"], table["first"], sample_weight=row))
    assert np.isnan(_weighted_auc(cases, (cases.label == 1)[None].astype(float))).all()


def test_interval_of_independent_images_matches_delong():
    table = simulate()
    table["group"] = ""
    comparison = compare_paired(table)
    assert comparison.groups == 300
    error = (comparison.difference.high - comparison.difference.low) / (2 * 1.96)
    assert error == pytest.approx(delong(table), rel=0.08)
    assert comparison.difference.value == pytest.approx(
        roc_auc_score(table["label"], table["first"]) - roc_auc_score(table["label"], table["second"])
    )
    assert comparison.is_significant == (abs(comparison.difference.value) > 1.96 * error)


def test_duplicates_within_a_group_do_not_narrow_the_interval():
    single = simulate()
    single["group"] = [f"g{k}" for k in range(300)]
    doubled = pd.concat([single, single], ignore_index=True)
    one, two = compare_paired(single).difference, compare_paired(doubled).difference
    assert (two.value, two.low, two.high) == pytest.approx((one.value, one.low, one.high))
    assert delong(doubled) < 0.75 * delong(single)


def test_coverage_of_the_interval_for_clustered_images():
    """Two equal models, 24 correlated groups: 95% of the intervals by group contain 0, fewer of those by image."""
    by_group = by_image = 0
    for seed in range(60):
        table = simulate(120, 24, seed, (1.0, 1.0), correlation=1.5)
        difference = compare_paired(table, resamples=200).difference
        by_group += difference.low <= 0 <= difference.high
        difference = compare_paired(table.assign(group=""), resamples=200).difference
        by_image += difference.low <= 0 <= difference.high
    assert 52 <= by_group <= 60
    assert by_image < by_group - 6


def test_identical_models_have_no_interval():
    comparison = compare_paired(simulate().assign(second=lambda table: table["first"]))
    assert comparison.difference.text() == "0.00 (no interval, n = 300)"
    assert not comparison.is_significant


def test_single_group_has_no_interval():
    assert np.isnan(compare_paired(simulate().assign(group="one")).difference.low)


def test_interval_depends_only_on_the_seed():
    assert compare_paired(simulate(), seed=1) == compare_paired(simulate(), seed=1)
    assert compare_paired(simulate(), seed=1) != compare_paired(simulate(), seed=2)


def test_swapping_the_models_changes_the_sign():
    one = compare_paired(simulate())
    other = compare_paired(simulate().rename(columns={"first": "second", "second": "first"}))
    assert (other.difference.low, other.difference.high) == pytest.approx(
        (-one.difference.high, -one.difference.low)
    )
    assert (one.first, one.second) == (other.second, other.first)


def test_shared_predictions_are_test_images_of_both_with_the_same_label(six_predictions):
    second = six_predictions.assign(
        probability=six_predictions["probability"] / 2, group=["", "", "", "x", "x", ""]
    )
    second.loc[second["id"] == "a", "split"] = "val"
    second.loc[second["id"] == "b", "label"] = 1
    shared = shared_predictions(six_predictions, second)
    assert list(shared["id"]) == ["d", "e"]
    assert list(shared["first"]) == [0.4, 0.98]
    assert list(shared["second"]) == [0.2, 0.49]
    # The second table has both in one group.
    assert shared["group"].nunique() == 1


def test_groups_of_both_tables_are_merged():
    base = {"split": "test", "label": 0, "probability": 0.5}
    first = pd.DataFrame({"id": list("abcde"), "group": ["1", "1", "2", "", ""], **base})
    second = pd.DataFrame({"id": list("abcde"), "group": ["", "8", "8", "", ""], **base})
    group = list(shared_predictions(first, second)["group"])
    assert group[0] == group[1] == group[2]
    assert len(set(group)) == 3


def test_no_shared_images_or_a_missing_class(six_predictions):
    with pytest.raises(DataError, match="no test images in common"):
        compare_paired(
            shared_predictions(
                six_predictions, six_predictions.assign(id=[f"x{k}" for k in range(len(six_predictions))])
            )
        )
    with pytest.raises(DataError, match="among the test images of both models"):
        compare_paired(simulate().assign(label=1))
