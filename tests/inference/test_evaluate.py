"""A model measured again says what its card says."""

import shutil

import numpy as np
import pytest

from fracture_core.errors import DataError, ModelError
from fracture_core.evaluation import predictions
from fracture_core.inference.evaluate import evaluate_model


def _close(first, second):
    """JSON values that are equal up to the digits of the prediction table."""
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first:
            _close(first[key], second[key])
    else:
        assert first == second or first == pytest.approx(second, abs=1e-5)


def test_the_same_films_give_the_record_of_the_card(store, phantoms, tmp_path):
    found = evaluate_model(store, "tiny", phantoms)
    card = store.card("tiny")
    _close(found.summary.to_json(), card.test.to_json())
    assert found.states == card.test_states
    assert found.regions == {}
    assert found.warnings == ()
    found.write_predictions(tmp_path / "predictions.csv")
    mine, theirs = predictions.read_predictions(tmp_path / "predictions.csv"), store.predictions("tiny")
    theirs = theirs[theirs["split"] == "test"].reset_index(drop=True)
    assert list(mine["id"]) == list(theirs["id"])
    np.testing.assert_allclose(mine["probability"], theirs["probability"], atol=1e-5)


def test_other_splits(store, phantoms):
    val, everything = (evaluate_model(store, "tiny", phantoms, split) for split in ("val", "all"))
    counts = store.card("tiny").data.counts
    assert val.summary.n == sum(counts["val"])
    assert val.warnings == ()
    assert everything.summary.n == 56
    assert "films among these" in everything.warnings[0]
    assert everything.to_json()["split"] == "all"


def test_a_model_is_measured_on_the_films_that_were_its_test_films(store, phantoms, tmp_path):
    # One more film would make the app cut the set otherwise.
    root = shutil.copytree(phantoms, tmp_path / "films")
    (root / "fractured" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    found = evaluate_model(store, "tiny", root)
    theirs = store.predictions("tiny")
    assert set(found.table["id"]) == set(theirs[theirs["split"] == "test"]["id"])
    assert found.warnings == ()
    warning = evaluate_model(store, "tiny", root, "all").warnings[1]
    assert warning.startswith("1 file could not be read and is left out. ")


def test_copies_of_training_films_among_the_test_films_are_told(store, phantoms, tmp_path):
    root = shutil.copytree(phantoms, tmp_path / "films")
    record = store.predictions("tiny")
    test = record[(record["split"] == "test") & (record["label"] == 1)]["path"].iloc[0]
    trained = next(
        path
        for path in sorted((root / "fractured").iterdir())
        if path.relative_to(root).as_posix() not in set(record["path"])
    )
    shutil.copy(trained, root / test)
    (warning,) = evaluate_model(store, "tiny", root).warnings
    assert warning.startswith(f"1 of these {len(record[record['split'] == 'test'])} films stand in one group")


def test_another_set_is_warned_about(store, phantoms, tmp_path):
    root = shutil.copytree(phantoms, tmp_path / "films")
    record = store.predictions("tiny")
    (root / record["path"].iloc[0]).unlink()
    found = evaluate_model(store, "tiny", root, "all")
    assert "does not hold the films on which the model was tested" in found.warnings[0]
    assert found.summary.n == len(found.table) == 55


def test_progress(store, phantoms):
    seen = []
    evaluate_model(store, "tiny", phantoms, progress=lambda stage, done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] == store.card("tiny").test.n


def test_an_empty_split(store, phantoms):
    with pytest.raises(DataError, match="films in the split nothing"):
        evaluate_model(store, "tiny", phantoms, "nothing")


def test_an_unknown_model(store, phantoms):
    with pytest.raises(ModelError, match="gone"):
        evaluate_model(store, "gone", phantoms)


def test_labels_that_tell_something_else_are_warned_about(store, phantoms, tmp_path):
    for name, folder in (("abnormal", "fractured"), ("normal", "not fractured")):
        shutil.copytree(phantoms / folder, tmp_path / name)
    found = evaluate_model(store, "tiny", tmp_path, "all")
    assert found.finding == "abnormality"
    assert "trained to find a fracture, but the labels of this set tell an abnormality" in found.warnings[1]
