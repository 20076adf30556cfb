"""Comparison of runs and models; nothing is trained."""

import csv
import io
import json
import shutil
from dataclasses import replace

import pytest

from fracture_core.errors import DataError, ModelError
from fracture_core.evaluation import predictions
from fracture_core.registry import inference_speed
from fracture_core.registry.card import ModelCard
from fracture_core.runs.run import Run
from fracture_core.training import comparison, comparison_plots


@pytest.fixture
def second_model(store):
    """A second model with the same test images, a lower AUC, another hash and a formula as title."""
    folder = store.root / "other"
    shutil.copytree(store.root / "tiny", folder)
    card = ModelCard.load(folder / "card.json")
    table = predictions.read_predictions(folder / "predictions.csv")
    predictions.write_predictions(folder / "predictions.csv", table.assign(probability=0.5, logit=0.0))
    weights = replace(card.weights, sha256="0" * 64)
    replace(card, id="other", title="=1+1", weights=weights).save(folder / "card.json")
    return "other"


@pytest.fixture
def folder_of_two_runs(trained_run, tmp_path):
    """The run of `tiny`, and a stopped run."""
    root = tmp_path / "runs"
    shutil.copytree(trained_run.folder, root / "tiny")
    run = Run.create(root, "stopped", trained_run.config())
    run.set_state("stopped")
    run.write_progress(kind="epoch", epoch=1, epochs=2, seconds=90.0, loss=1.0, val_loss=0.9, val_auc=0.75)
    return root


def test_model_and_its_run_share_a_row(store, second_model, folder_of_two_runs):
    entries = {entry.name: entry for entry in comparison.compared_models(store, folder_of_two_runs)}
    assert [(entry.name, entry.kind, entry.state) for entry in entries.values()] == [
        ("other", "model", "in use"),
        ("tiny", "model", ""),
        ("stopped", "run", "stopped"),
    ]
    assert len(entries["tiny"].epochs) == 2
    assert not entries["other"].epochs
    lines = comparison.comparison_table(entries.values()).set_index("Name")
    card = store.card("tiny")
    assert (
        lines.loc["tiny", "AUC"]
        == f"{card.test.auc.value:.2f} ({card.test.auc.low:.2f}–{card.test.auc.high:.2f})"
    )
    assert lines.loc["tiny", "Split"] == card.data.split_hash[:8]
    assert lines.loc["tiny", "Test films"] == card.test.n
    assert lines.loc["stopped", "Best validation AUC"] == 0.75
    assert lines.loc["stopped", "Training, min"] == 1.5


def test_a_finished_run_without_a_model_has_its_test_record(store, folder_of_two_runs):
    shutil.rmtree(store.root / "tiny")
    entries = comparison.compared_models(store, folder_of_two_runs)
    assert {(entry.name, entry.kind, entry.card is not None) for entry in entries} == {
        ("tiny", "run", True),
        ("stopped", "run", False),
    }


def test_a_damaged_card_affects_one_row_only(store, second_model, folder_of_two_runs):
    (store.root / "other" / "card.json").write_text("{")
    entries = {entry.name: entry for entry in comparison.compared_models(store, folder_of_two_runs)}
    assert "is not valid" in entries["other"].fault
    assert entries["tiny"].card is not None
    assert "is not valid" in comparison.comparison_table(entries.values())["State"][0]


def test_the_csv_contains_numbers_and_no_formulas(store, second_model, folder_of_two_runs):
    lines = list(
        csv.DictReader(
            io.StringIO(comparison.comparison_to_csv(comparison.compared_models(store, folder_of_two_runs)))
        )
    )
    card = store.card("tiny")
    tiny = next(line for line in lines if line["Name"] == "tiny")
    assert float(tiny["AUC low"]) == pytest.approx(card.test.auc.low, rel=1e-4)
    assert tiny["Split"] == card.data.split_hash
    assert lines[0]["Network"] == "'=1+1"


def test_two_models_are_compared_on_their_shared_test_images(store, second_model):
    paired, shared_images = comparison.compare_models(store, "tiny", second_model)
    assert len(shared_images) == store.card("tiny").test.n == paired.first.n
    assert paired.first.value == pytest.approx(store.card("tiny").test.auc.value)
    assert paired.second.value == 0.5
    sentence = comparison.comparison_sentence(paired, "tiny", second_model, "fracture")
    assert f"On {len(shared_images)} shared test images in {paired.groups} groups" in sentence


def test_the_roc_figure_names_the_finding(store, second_model):
    compared = comparison.compare_models(store, "tiny", second_model)
    figure = comparison_plots.plot_roc_pair(*compared, "tiny", second_model, "abnormality")
    assert figure.axes[0].get_ylabel() == "Sensitivity (abnormalities found)"


def test_models_without_shared_test_images_give_one_sentence(store, second_model, edit_card):
    with pytest.raises(ModelError, match="tiny was given twice"):
        comparison.compare_models(store, "tiny", "tiny")
    folder = store.root / second_model
    card = ModelCard.load(folder / "card.json")
    replace(card, data=replace(card.data, name="elsewhere")).save(folder / "card.json")
    with pytest.raises(
        ModelError, match=r"share no test images \(tiny on \d+ images of .*other on \d+ images of elsewhere"
    ):
        comparison.compare_models(store, "tiny", second_model)
    (folder / "predictions.csv").unlink()
    with pytest.raises(DataError, match="evaluate the model first"):
        comparison.compare_models(store, "tiny", second_model)


def test_speed_is_stored_per_computer_and_weights(store, tmp_path, monkeypatch):
    card = store.card("tiny")
    assert inference_speed.load_inference_speed(card, tmp_path / "speed") is None
    speed = inference_speed.measure_inference_speed(store, "tiny", tmp_path / "speed")
    assert 0 < speed.low <= speed.middle <= speed.high
    assert inference_speed.load_inference_speed(card, tmp_path / "speed") == speed
    assert (
        inference_speed.load_inference_speed(
            replace(card, weights=replace(card.weights, sha256="1" * 64)), tmp_path / "speed"
        )
        is None
    )
    monkeypatch.setattr("platform.node", lambda: "elsewhere")
    assert inference_speed.load_inference_speed(card, tmp_path / "speed") is None
    for path in (tmp_path / "speed").iterdir():
        path.write_text("{")
    assert inference_speed.load_inference_speed(card, tmp_path / "speed") is None


def test_compare_command_writes_tables_and_figures(
    run_command, store, second_model, folder_of_two_runs, tmp_path, monkeypatch
):
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(folder_of_two_runs))
    result = run_command("models", "compare", "tiny", second_model, "--speed", "--out", tmp_path / "out")
    assert result.status == 1  # the hash of the second model is wrong, so its speed is not measured
    result = run_command("models", "compare", "tiny", second_model, "--out", tmp_path / "out")
    assert result.status == 0
    assert "shared test images" in result.lines[-1]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "comparison.csv", "pair.json", "roc.svg", "roc.png", "auc.svg", "auc.png", "loss.svg", "loss.png",
    }  # fmt: skip
    assert (tmp_path / "out" / "roc.svg").read_bytes().startswith(b"<?xml")
    assert (tmp_path / "out" / "auc.png").read_bytes().startswith(b"\x89PNG")
    payload = json.loads(run_command("models", "compare", "--format", "json").out)
    assert len(payload["entries"]) == 3
    assert "pair" not in payload
    assert run_command("models", "compare", "--format", "csv").lines[0].startswith("Name,Kind,State")
    result = run_command("models", "compare", "tiny")
    assert (result.status, result.out) == (1, "")
    assert "Expected two models to compare, but got 1" in result.err


def test_compare_command_without_models(run_command, tmp_path, monkeypatch):
    for name in ("MODELS", "RUNS"):
        monkeypatch.setenv(f"SECOND_LOOK_{name}", str(tmp_path / name))
    assert run_command("models", "compare").out == "No model and no run yet.\n"
