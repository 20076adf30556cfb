"""The result of a run: files, card, predictions, and no paths of this computer."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from fracture_core.evaluation import PlattCalibration, Thresholds, count_verdicts, predictions, summarise
from fracture_core.registry.card import ModelCard
from fracture_core.registry.model_files import sha256_of_file
from fracture_core.registry.reference_prediction import reference_logit
from fracture_core.runs.run import Run
from fracture_core.training import finish as module
from fracture_core.training import loop


@pytest.fixture(scope="module")
def trained_predictions(trained_run) -> pd.DataFrame:
    """The predictions of `trained_run`."""
    return predictions.read_predictions(trained_run.result / "predictions.csv")


def test_folder_is_complete(trained_run, trained_card):
    names = {path.name for path in trained_run.result.iterdir()}
    assert names == {"README.md", "card.json", "predictions.csv", "network.tflite", "four_block.weights.h5"}
    weights = trained_run.result / trained_card.weights.file
    assert (trained_card.weights.sha256, trained_card.weights.bytes) == (
        sha256_of_file(weights),
        weights.stat().st_size,
    )
    assert not (trained_run.folder / "result.partial").exists()
    assert (trained_run.folder / "split.csv").is_file()


def test_card_describes_the_training(trained_card, training_data, tiny_config):
    assert (trained_card.id, trained_card.architecture, trained_card.heatmap_layer) == (
        "tiny",
        "four_block",
        "block4_norm",
    )
    assert trained_card.input == tiny_config.input
    assert trained_card.data.split_hash == training_data.dataset.split_hash
    assert trained_card.data.layout == "folders"
    assert sum(map(sum, trained_card.data.counts.values())) == 56
    assert trained_card.training["seed"] == tiny_config.seed
    assert trained_card.labels == ("no_fracture", "fracture")
    assert "--architecture four_block --size 64 --epochs 2 --batch 8" in trained_card.command


def test_weights_are_those_of_the_best_epoch(trained_network, trained_card):
    assert reference_logit(trained_network, trained_card.input) == pytest.approx(
        trained_card.golden, abs=1e-6
    )


def test_predictions_cover_validation_and_test_images_only(trained_predictions, training_data):
    expected = {
        case.id: (case.split, case.label, case.group) for case in training_data.cases if case.split != "train"
    }
    actual = {row.id: (row.split, row.label, row.group) for row in trained_predictions.itertuples()}
    assert actual == expected


def test_thresholds_and_calibration_use_the_validation_split(trained_predictions, trained_card):
    val, test = (
        trained_predictions[trained_predictions["split"] == "val"],
        trained_predictions[trained_predictions["split"] == "test"],
    )
    assert Thresholds.choose(val["label"], val["probability"]).to_json() == pytest.approx(
        trained_card.thresholds.to_json(), rel=1e-4
    )
    assert Thresholds.choose(test["label"], test["probability"]) != trained_card.thresholds
    calibration, limits = module._calibrate(val["logit"].to_numpy(), val["label"].to_numpy())
    assert calibration.to_json() == pytest.approx(trained_card.calibration.to_json(), rel=1e-3)
    assert all(limit in trained_card.limits for limit in limits)
    assert trained_card.calibration.apply(trained_predictions["logit"]) == pytest.approx(
        trained_predictions["probability"].to_numpy(), abs=1e-5
    )


def test_metrics_use_the_test_split(trained_predictions, trained_card):
    test = trained_predictions[trained_predictions["split"] == "test"]
    thresholds = trained_card.thresholds
    metrics = summarise(test["label"], test["probability"], test["group"], thresholds.balanced)
    assert metrics.to_json() == trained_card.test.to_json()
    assert (
        count_verdicts(test["label"], test["probability"], thresholds.low, thresholds.high)
        == trained_card.test_states
    )
    assert trained_card.test_regions == {}


def test_result_contains_no_paths_of_this_computer(trained_run, tiny_config):
    for path in trained_run.result.iterdir():
        if path.suffix != ".h5":
            text = path.read_bytes().decode("latin-1")
            for secret in (
                tiny_config.data,
                str(trained_run.folder.parent),
                str(Path.home()),
                "/tmp/",
                "pytest-of",
            ):
                assert secret not in text, path
    settings = json.loads((trained_run.result / "card.json").read_text("utf-8"))["training"]
    assert settings["data"] == "DIR"


def test_starting_weights_are_recorded_without_their_folder(tiny_config):
    config = replace(tiny_config, backbone_weights="/home/somebody/base.weights.h5", class_weights=False)
    assert config.without_local_paths().backbone_weights == "base.weights.h5"
    assert "/home" not in config.command()
    assert "--backbone-weights base.weights.h5 " in config.command()
    assert "--no-class-weights" in config.command()


def test_network_without_predictive_value_gets_a_limit(trained_run):
    calibration, limits = module._calibrate(
        pd.Series([1.0, 2.0, 3.0, 4.0]).to_numpy(), pd.Series([1, 1, 0, 0]).to_numpy()
    )
    assert calibration == PlattCalibration.identity()
    assert "learnt nothing useful" in limits[0]
    assert (
        module._calibrate(pd.Series([1.0, 3.0, 2.0, 4.0]).to_numpy(), pd.Series([0, 0, 1, 1]).to_numpy())[1]
        == ()
    )


def test_previous_result_is_replaced(trained_run, training_data, tiny_config, tmp_path):
    run = Run.create(tmp_path, "again", tiny_config)
    for leftover in ("result", "result.partial"):
        (run.folder / leftover).mkdir()
        (run.folder / leftover / "old.txt").touch()
    card = module.finish_run(run, training_data, tiny_config, loop.load_best_model(trained_run, tiny_config))
    assert not (run.folder / "result.partial").exists()
    assert not (run.result / "old.txt").exists()
    first = ModelCard.load(trained_run.result / "card.json")
    changed = {"id": "", "created": "", "weights": first.weights, "network": first.network}
    assert replace(card, **changed) == replace(first, id="", created="")


def test_limits_of_a_model_for_abnormalities(trained_run, training_data, tiny_config, tmp_path):
    run = Run.create(tmp_path, "abnormal", tiny_config)
    abnormal = replace(training_data, dataset=replace(training_data.dataset, finding="abnormality"))
    card = module.finish_run(run, abnormal, tiny_config, loop.load_best_model(trained_run, tiny_config))
    assert card.finding == card.data.finding == "abnormality"
    assert any("abnormal or not" in limit for limit in card.limits)
    assert not any("fracture or not" in limit for limit in card.limits)


def test_model_of_a_clean_split_names_the_dataset(trained_run, training_data, tiny_config, tmp_path):
    run = Run.create(tmp_path, "clean", tiny_config)
    clean = replace(training_data, dataset=replace(training_data.dataset, layout="csv", source="phantom"))
    card = module.finish_run(run, clean, tiny_config, loop.load_best_model(trained_run, tiny_config))
    assert (card.data.name, card.data.layout) == ("Synthetic radiographs drawn by Second Look", "csv")
    assert card.data.licence.startswith("Apache-2.0")
    assert any("its results do not apply to patients" in limit for limit in card.limits)
