import time

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from fracture_core.errors import DataError
from fracture_core.evaluation.auc import _components
from fracture_core.evaluation.paired import _areas, compare_paired, shared_predictions
from fracture_core.evaluation.scored_cases import check_scored_cases


def films(n=300, groups=300, seed=3, gain=(1.2, 0.8), together=0.0) -> pd.DataFrame:
    """Films of two models that agree in part; `together` is how much a group of one label has in common."""
    random = np.random.default_rng(seed)
    group = random.integers(0, groups, n)
    label = (random.random(n) < 0.4).astype(int)
    if together:
        label = (random.random(groups) < 0.4).astype(int)[group]
    noise = random.normal(size=n)
    columns = {}
    for name, weight in zip(("first", "second"), gain, strict=True):
        own = random.normal(size=n) + together * random.normal(size=groups)[group]
        columns[name] = np.round(expit(weight * (2 * label - 1) + 0.7 * noise + own), 2)
    return pd.DataFrame({"id": [f"f{k}" for k in range(n)], "label": label, "group": group, **columns})


def delong(table: pd.DataFrame) -> float:
    """Standard error of the difference for independent films (DeLong 1988), written out."""
    positive = table["label"].to_numpy() == 1
    parts = [
        _components(table[name].to_numpy()[positive], table[name].to_numpy()[~positive])
        for name in ("first", "second")
    ]
    variance = 0.0
    for kind in (0, 1):
        covariance = np.cov(np.stack([part[kind] for part in parts]))
        variance += (covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]) / len(parts[0][kind])
    return float(np.sqrt(variance))


def test_areas_are_those_of_scikit_learn_on_the_films_drawn():
    table = films(80)
    random = np.random.default_rng(0)
    weight = random.integers(0, 4, (5, 80)).astype(float)
    cases = check_scored_cases(table["label"], table["first"])
    for row, found in zip(weight, _areas(cases, weight), strict=True):
        assert found == pytest.approx(roc_auc_score(table["label"], table["first"], sample_weight=row))
    assert np.isnan(_areas(cases, (cases.label == 1)[None].astype(float))).all()


def test_of_independent_films_it_is_as_wide_as_delong():
    table = films()
    table["group"] = ""
    found = compare_paired(table)
    assert found.groups == 300
    error = (found.difference.high - found.difference.low) / (2 * 1.96)
    assert error == pytest.approx(delong(table), rel=0.08)
    assert found.difference.value == pytest.approx(
        roc_auc_score(table["label"], table["first"]) - roc_auc_score(table["label"], table["second"])
    )
    assert found.is_significant == (abs(found.difference.value) > 1.96 * error)


def test_copies_within_a_group_change_nothing_where_delong_would_grow_sure():
    once = films()
    once["group"] = [f"g{k}" for k in range(300)]
    twice = pd.concat([once, once], ignore_index=True)
    one, two = compare_paired(once).difference, compare_paired(twice).difference
    assert (two.value, two.low, two.high) == pytest.approx((one.value, one.low, one.high))
    assert delong(twice) < 0.75 * delong(once)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Equal models, 24 groups with much in common: 0 lies in 95% of the intervals, in fewer of those by film."""
    by_group = by_film = 0
    for seed in range(100):
        table = films(120, 24, seed, (1.0, 1.0), together=1.5)
        found = compare_paired(table, resamples=200).difference
        by_group += found.low <= 0 <= found.high
        found = compare_paired(table.assign(group=""), resamples=200).difference
        by_film += found.low <= 0 <= found.high
    assert 88 <= by_group <= 99
    assert by_film < by_group - 10


def test_twins_have_no_interval():
    found = compare_paired(films().assign(second=lambda table: table["first"]))
    assert found.difference.text() == "0.00 (no interval, n = 300)"
    assert not found.is_significant


def test_a_single_group_has_no_interval():
    assert np.isnan(compare_paired(films().assign(group="one")).difference.low)


def test_the_same_seed_gives_the_same_interval():
    assert compare_paired(films(), seed=1) == compare_paired(films(), seed=1)
    assert compare_paired(films(), seed=1) != compare_paired(films(), seed=2)


def test_the_other_way_round_it_is_the_same_with_another_sign():
    one = compare_paired(films())
    other = compare_paired(films().rename(columns={"first": "second", "second": "first"}))
    assert (other.difference.low, other.difference.high) == pytest.approx(
        (-one.difference.high, -one.difference.low)
    )
    assert (one.first, one.second) == (other.second, other.first)


def test_shared_films_are_test_films_of_both_with_one_label(table):
    second = table.assign(probability=table["probability"] / 2, group=["", "", "", "x", "x", ""])
    second.loc[second["id"] == "a", "split"] = "val"
    second.loc[second["id"] == "b", "label"] = 1
    found = shared_predictions(table, second)
    assert list(found["id"]) == ["d", "e"]
    assert list(found["first"]) == [0.4, 0.98]
    assert list(found["second"]) == [0.2, 0.49]
    # In the second table they are of one group.
    assert found["group"].nunique() == 1


def test_groups_of_either_table_join():
    base = {"split": "test", "label": 0, "probability": 0.5}
    first = pd.DataFrame({"id": list("abcde"), "group": ["1", "1", "2", "", ""], **base})
    second = pd.DataFrame({"id": list("abcde"), "group": ["", "8", "8", "", ""], **base})
    group = list(shared_predictions(first, second)["group"])
    assert group[0] == group[1] == group[2]
    assert len(set(group)) == 3


def test_without_shared_films_or_a_class_it_says_so(table):
    with pytest.raises(DataError, match="that both models were tested on, but there are none"):
        compare_paired(shared_predictions(table, table.assign(id=[f"x{k}" for k in range(len(table))])))
    with pytest.raises(DataError, match="among the films that both models were tested on"):
        compare_paired(films().assign(label=1))


def test_it_is_quick_on_a_large_set():
    table = films(4000, 900)
    start = time.perf_counter()
    compare_paired(table)
    assert time.perf_counter() - start < 10
