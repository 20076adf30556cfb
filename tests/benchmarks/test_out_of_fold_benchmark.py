"""Tests of the out-of-fold benchmark."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from benchmarks import out_of_fold
from fracture_core.errors import DataError
from fracture_core.evaluation import predictions
from fracture_core.training.out_of_fold import TABLE


def _table(noise: float) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    label = np.arange(240) % 4 == 0
    return pd.DataFrame(
        {
            "id": [f"film{number:03d}" for number in range(240)],
            "fold": np.arange(240) % 2 + 1,
            "group": [f"group{number // 3}" for number in range(240)],
            "regions": "hand",
            "hardware": 0,
            "label": label.astype(int),
            "logit": 2 * label + rng.normal(0, noise, 240),
            "peak_x": 0.5,
            "peak_y": 0.5,
            "peak_evidence": 1.0,
            "peak_in_box": np.where(label, "1", ""),
        }
    )


@pytest.fixture
def cross_validation_folder(tmp_path):
    """A cross-validation of two folds."""
    for fold, part in _table(0.8).groupby("fold"):
        result = tmp_path / "two" / f"fold-{fold}" / "result"
        result.mkdir(parents=True)
        part.to_csv(result / TABLE, index=False)
    return tmp_path / "two"


def _predictions_of_other_model(noise: float) -> pd.DataFrame:
    """Predictions of a model: half are validation images, the others test images that are all wrong."""
    table = _table(noise)
    validation = table.index < 120
    logit = np.where(validation, table["logit"], -table["logit"])
    return table.assign(
        path=table["id"] + ".png",
        split=np.where(validation, "val", "test"),
        logit=logit,
        probability=1 / (1 + np.exp(-logit)),
    )


def test_record_is_printed_and_written(cross_validation_folder, tmp_path, monkeypatch, capsys):
    result = tmp_path / "model"
    result.mkdir()
    predictions.write_predictions(result / "predictions.csv", _predictions_of_other_model(2.0))
    out = tmp_path / "record.json"
    options = [str(cross_validation_folder), "--draws", "10", "--against", str(result), "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["out_of_fold", *options])
    out_of_fold.main()
    text = capsys.readouterr().out
    assert "240 images in 80 groups, folds 1, 2" in text
    assert "without hardware: 240 images" in text
    assert "compared with model: 0." in text
    record = json.loads(out.read_text())
    assert record["summary"]["n"] == 240
    assert record["thresholds"]["low"] <= record["thresholds"]["high"]


def test_only_validation_images_are_compared():
    same = out_of_fold.compare(_table(0.8), _predictions_of_other_model(0.8))
    assert (same.value, same.n) == (0, 120)
    assert out_of_fold.compare(_table(0.8), _predictions_of_other_model(2.0)).value > 0


def test_no_shared_images():
    with pytest.raises(DataError):
        out_of_fold.compare(
            _table(0.8).assign(id=lambda table: "x" + table["id"]), _predictions_of_other_model(0.8)
        )
