"""Calibration, thresholds and performance from out-of-fold predictions."""

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
            "id": [f"image{number:04d}" for number in range(count)],
            "fold": np.arange(count) % 5 + 1,
            "group": [f"group{number // 4}" for number in range(count)],
            "regions": rng.choice(["hand", "leg"], count),
            "hardware": rng.choice([0, 1], count, p=[0.9, 0.1]),
            "label": label,
            "logit": rng.normal(gap * label - 1, 1.2),
            "peak_in_box": [str(int(rng.random() < 0.7)) if positive else "" for positive in label],
        }
    )


@pytest.fixture(scope="module")
def out_of_fold_table():
    """Simulated out-of-fold predictions."""
    return _table()


@pytest.fixture(scope="module")
def performance(out_of_fold_table):
    """The assessment of `out_of_fold_table`."""
    return assess(out_of_fold_table, draws=100)


def test_thresholds_reach_their_targets(out_of_fold_table, performance):
    probability = performance.calibration.apply(out_of_fold_table["logit"])
    counts = count_verdicts(
        out_of_fold_table["label"], probability, performance.thresholds.low, performance.thresholds.high
    )
    assert 1 - counts.fracture[0] / sum(counts.fracture) >= 0.95
    assert 1 - counts.no_fracture[2] / sum(counts.no_fracture) >= 0.95


def test_probabilities_are_calibrated(performance):
    assert performance.summary.ece < 0.05


def test_result_has_all_parts(out_of_fold_table, performance):
    assert (performance.summary.n, performance.summary.positives) == (600, out_of_fold_table["label"].sum())
    assert set(performance.regions) == {"hand", "leg"}
    assert performance.without_hardware.n == (out_of_fold_table["hardware"] == 0).sum()
    assert set(performance.coverage) == {"", "hand", "leg"}
    assert performance.pointing.n == out_of_fold_table["label"].sum()
    assert performance.pointing.value == pytest.approx(
        (out_of_fold_table["peak_in_box"] == "1").sum() / out_of_fold_table["label"].sum()
    )
    json.dumps(performance.to_json(), allow_nan=False)


def test_out_of_bag_measures_vary_around_the_targets(performance):
    assert set(performance.stability) == set(STABILITY)
    sensitivity = performance.stability["sensitivity"]
    assert sensitivity.low < 0.95 < sensitivity.high
    assert 0.9 < sensitivity.value < 0.99
    assert 0.9 < performance.stability["specificity"].value < 0.99


def test_stability_depends_only_on_the_seed(out_of_fold_table):
    assert assess(out_of_fold_table, 20, seed=1).stability == assess(out_of_fold_table, 20, seed=1).stability
    assert assess(out_of_fold_table, 20, seed=1).stability != assess(out_of_fold_table, 20, seed=2).stability


def test_stability_is_undefined_for_a_single_group():
    result = assess(_table().assign(group="one"), draws=5)
    assert not result.stability["sensitivity"].is_measured


def test_missing_hardware_and_boxes_give_none(out_of_fold_table):
    result = assess(out_of_fold_table.assign(hardware="").drop(columns="peak_in_box"), draws=2)
    assert result.without_hardware is None
    assert result.pointing is None


def test_averaged_logits_improve_the_auc_and_do_not_depend_on_their_scale(out_of_fold_table):
    other = out_of_fold_table.assign(
        logit=_table(1)["logit"] + 3 * (out_of_fold_table["label"] - _table(1)["label"])
    )
    averaged = average_logits([out_of_fold_table, other.sample(frac=1, random_state=0)])
    scaled = average_logits([out_of_fold_table, other.assign(logit=other["logit"] * 10)])
    assert list(averaged["id"]) == list(out_of_fold_table["id"])
    np.testing.assert_array_equal(averaged["logit"].rank(), scaled["logit"].rank())
    assert "peak_in_box" not in averaged
    assert assess(averaged, 2).summary.auc.value > assess(out_of_fold_table, 2).summary.auc.value


def test_tables_of_different_images_are_an_error(out_of_fold_table):
    with pytest.raises(DataError, match="different images"):
        average_logits([out_of_fold_table, out_of_fold_table[1:]])
    with pytest.raises(DataError, match="train at least one fold first"):
        average_logits([pd.DataFrame()])
