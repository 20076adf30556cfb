"""Calibration, thresholds and record from out-of-fold predictions."""

import json

import numpy as np
import pandas as pd
import pytest

from fracture_core.errors import DataError
from fracture_core.evaluation import count_verdicts
from fracture_core.evaluation.cross_validated import STABILITY, assess, average_logits


def _table(seed: int = 0, count: int = 600, gap: float = 3.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    label = (rng.random(count) < 0.2).astype(int)
    return pd.DataFrame(
        {
            "id": [f"film{number:04d}" for number in range(count)],
            "fold": np.arange(count) % 5 + 1,
            "group": [f"group{number // 4}" for number in range(count)],
            "regions": rng.choice(["hand", "leg"], count),
            "hardware": rng.choice([0, 1], count, p=[0.9, 0.1]),
            "label": label,
            "logit": rng.normal(gap * label - 1, 1.2),
            "peak_in_box": [str(int(rng.random() < 0.7)) if one else "" for one in label],
        }
    )


@pytest.fixture(scope="module")
def cross_validated_table():
    return _table()


@pytest.fixture(scope="module")
def record(cross_validated_table):
    return assess(cross_validated_table, draws=100)


def test_the_thresholds_reach_their_targets(cross_validated_table, record):
    probability = record.calibration.apply(cross_validated_table["logit"])
    states = count_verdicts(
        cross_validated_table["label"], probability, record.thresholds.low, record.thresholds.high
    )
    assert 1 - states.fracture[0] / sum(states.fracture) >= 0.95
    assert 1 - states.no_fracture[2] / sum(states.no_fracture) >= 0.95


def test_probabilities_are_calibrated(record):
    assert record.summary.ece < 0.05


def test_the_record_has_its_parts(cross_validated_table, record):
    assert (record.summary.n, record.summary.positives) == (600, cross_validated_table["label"].sum())
    assert set(record.regions) == {"hand", "leg"}
    assert record.without_hardware.n == (cross_validated_table["hardware"] == 0).sum()
    assert set(record.coverage) == {"", "hand", "leg"}
    assert record.pointing.n == cross_validated_table["label"].sum()
    assert record.pointing.value == pytest.approx(
        (cross_validated_table["peak_in_box"] == "1").sum() / cross_validated_table["label"].sum()
    )
    json.dumps(record.to_json(), allow_nan=False)


def test_thresholds_of_other_films_promise_less(record):
    """On films outside a draw the targets are reached on average only roughly, and not always."""
    assert set(record.stability) == set(STABILITY)
    sensitivity = record.stability["sensitivity"]
    assert sensitivity.low < 0.95 < sensitivity.high
    assert 0.9 < sensitivity.value < 0.99
    assert 0.9 < record.stability["specificity"].value < 0.99


def test_the_seed_decides_the_draws(cross_validated_table):
    assert (
        assess(cross_validated_table, 20, seed=1).stability
        == assess(cross_validated_table, 20, seed=1).stability
    )
    assert (
        assess(cross_validated_table, 20, seed=1).stability
        != assess(cross_validated_table, 20, seed=2).stability
    )


def test_films_of_one_group_leave_no_draw():
    record = assess(_table().assign(group="one"), draws=5)
    assert not record.stability["sensitivity"].is_measured


def test_unknown_hardware_and_boxes(cross_validated_table):
    record = assess(cross_validated_table.assign(hardware="").drop(columns="peak_in_box"), draws=2)
    assert record.without_hardware is None
    assert record.pointing is None


def test_averaging_helps_and_the_scale_of_a_model_does_not_count(cross_validated_table):
    other = cross_validated_table.assign(
        logit=_table(1)["logit"] + 3 * (cross_validated_table["label"] - _table(1)["label"])
    )
    averaged = average_logits([cross_validated_table, other.sample(frac=1, random_state=0)])
    scaled = average_logits([cross_validated_table, other.assign(logit=other["logit"] * 10)])
    assert list(averaged["id"]) == list(cross_validated_table["id"])
    np.testing.assert_array_equal(averaged["logit"].rank(), scaled["logit"].rank())
    assert "peak_in_box" not in averaged
    assert assess(averaged, 2).summary.auc.value > assess(cross_validated_table, 2).summary.auc.value


def test_tables_that_do_not_fit(cross_validated_table):
    with pytest.raises(DataError, match="different films"):
        average_logits([cross_validated_table, cross_validated_table[1:]])
    with pytest.raises(DataError, match="train at least one fold first"):
        average_logits([pd.DataFrame()])
