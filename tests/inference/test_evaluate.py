"""Evaluation of a model, compared with its card."""

import shutil

import numpy as np
import pytest

from fracture_core.errors import DataError, ModelError
from fracture_core.evaluation import predictions
from fracture_core.inference.evaluate import evaluate_model


def _assert_close(first, second):
    """Compare JSON values up to the digits of the prediction table."""
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first:
            _assert_close(first[key], second[key])
    else:
        assert first == second or first == pytest.approx(second, abs=1e-5)


def test_test_split_reproduces_the_metrics_of_the_card(store, phantoms, tmp_path):
    result = evaluate_model(store, "tiny", phantoms)
    card = store.card("tiny")
    _assert_close(result.summary.to_json(), card.test.to_json())
    assert result.states == card.test_states
    assert result.regions == {}
    assert result.warnings == ()
    result.write_predictions(tmp_path / "predictions.csv")
    table, recorded = predictions.read_predictions(tmp_path / "predictions.csv"), store.predictions("tiny")
    recorded = recorded[recorded["split"] == "test"].reset_index(drop=True)
    assert list(table["id"]) == list(recorded["id"])
    np.testing.assert_allclose(table["probability"], recorded["probability"], atol=1e-5)


def test_other_splits_are_evaluated_with_warnings(store, phantoms):
    val, everything = (evaluate_model(store, "tiny", phantoms, split) for split in ("val", "all"))
    counts = store.card("tiny").data.counts
    assert val.summary.n == sum(counts["val"])
    assert val.warnings == ()
    assert everything.summary.n == 56
    assert "trained on some of these images" in everything.warnings[0]
    assert everything.to_json()["split"] == "all"


def test_recorded_test_cases_stay_test_cases(store, phantoms, tmp_path):
    # With one more image, the app would split the dataset differently.
    root = shutil.copytree(phantoms, tmp_path / "films")
    (root / "fractured" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    result = evaluate_model(store, "tiny", root)
    recorded = store.predictions("tiny")
    assert set(result.table["id"]) == set(recorded[recorded["split"] == "test"]["id"])
    assert result.warnings == ()
    warning = evaluate_model(store, "tiny", root, "all").warnings[1]
    assert warning.startswith("1 file could not be read and is left out. ")


def test_duplicates_of_training_images_give_a_warning(store, phantoms, tmp_path):
    root = shutil.copytree(phantoms, tmp_path / "films")
    record = store.predictions("tiny")
    test = record[(record["split"] == "test") & (record["label"] == 1)]["path"].iloc[0]
    training_image = next(
        path
        for path in sorted((root / "fractured").iterdir())
        if path.relative_to(root).as_posix() not in set(record["path"])
    )
    shutil.copy(training_image, root / test)
    (warning,) = evaluate_model(store, "tiny", root).warnings
    assert warning.startswith(f"1 of these {len(record[record['split'] == 'test'])} images share a group")


def test_other_dataset_gives_a_warning(store, phantoms, tmp_path):
    root = shutil.copytree(phantoms, tmp_path / "films")
    record = store.predictions("tiny")
    (root / record["path"].iloc[0]).unlink()
    result = evaluate_model(store, "tiny", root, "all")
    assert "does not contain the test images of the model" in result.warnings[0]
    assert result.summary.n == len(result.table) == 55


def test_progress_counts_all_images(store, phantoms):
    calls = []
    evaluate_model(store, "tiny", phantoms, progress=lambda _stage, *counts: calls.append(counts))
    assert calls[-1][0] == calls[-1][1] == store.card("tiny").test.n


def test_empty_split_is_rejected(store, phantoms):
    with pytest.raises(DataError, match=r"split nothing of .* has no images"):
        evaluate_model(store, "tiny", phantoms, "nothing")


def test_unknown_model_is_rejected(store, phantoms):
    with pytest.raises(ModelError, match="gone"):
        evaluate_model(store, "gone", phantoms)


def test_labels_of_another_finding_give_a_warning(store, phantoms, tmp_path):
    for name, folder in (("abnormal", "fractured"), ("normal", "not fractured")):
        shutil.copytree(phantoms / folder, tmp_path / name)
    result = evaluate_model(store, "tiny", tmp_path, "all")
    assert result.finding == "abnormality"
    assert (
        "trained to find a fracture, but the labels of this dataset state an abnormality"
        in result.warnings[1]
    )
