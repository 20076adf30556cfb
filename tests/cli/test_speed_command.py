"""The command `speed`."""

import json
from dataclasses import asdict

import pytest

from fracture_core.cli import speed as speed_command
from fracture_core.datasets.cases import Case
from fracture_core.datasets.manifest import write_manifest
from fracture_core.runs.config import TrainingConfig
from fracture_core.training.duration_estimate import TrainingSpeed
from fracture_core.training.speed_job import SpeedJob

# Images per second: 4 in training and 16 in validation.
SPEED = TrainingSpeed(trained=4.0, head=8.0, judged=16.0, parameters=1, date="2026-01-01")


def test_speed_is_measured(run_command, monkeypatch):
    from fracture_core.training import measure_speed

    monkeypatch.setattr(measure_speed, "_SECONDS", 0.0)
    result = run_command("speed", "small_fcn", "--size", 64, "--batch", 2)
    assert result.status == 0
    speed = json.loads(result.out)
    assert speed["trained"] > 0
    assert speed["parameters"] == 46_929
    assert "Timing the validation" in result.err or not result.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["small_fcn", "--size", 100], "multiple of 32"),
        (["small_fcn", "--batch", 0], "Batch size must be from 1"),
        (["small_fcn", "--size", 64, "--freeze-before", "nonesuch"], "has no 'nonesuch'"),
    ],
)
def test_invalid_settings_give_a_sentence(run_command, arguments, sentence):
    result = run_command("speed", *arguments)
    assert (result.status, result.out) == (1, "")
    assert sentence in result.err


@pytest.fixture
def manifest(tmp_path, runs_folder):
    """A manifest of 240 training and 80 validation images."""
    counts = (("train", 240), ("val", 80), ("test", 4))
    cases = [
        Case(
            f"{split}{index}",
            tmp_path / f"{split}{index}.png",
            index % 2,
            split=split,
            group=f"{split}{index}",
        )
        for split, count in counts
        for index in range(count)
    ]
    for case in cases:
        case.path.touch()  # no image is opened
    write_manifest(tmp_path / "manifest.csv", cases, "fracture")
    return tmp_path / "manifest.csv"


def _store_measurement(folder, **values) -> None:
    """Store a measurement, as the page Train does."""
    job = SpeedJob.for_config(folder, TrainingConfig("", **values))
    job.folder.mkdir(parents=True)
    (job.folder / "speed.json").write_text(json.dumps(asdict(SPEED)))
    job._write_state("finished")


def test_minutes_use_the_stored_measurement(run_command, manifest, monkeypatch):
    _store_measurement(manifest.parent / "runs", architecture="small_fcn", batch=16)
    monkeypatch.setattr(speed_command, "_measure", lambda config: pytest.fail("measured again"))
    result = run_command("speed", "small_fcn", "--data", manifest, "--epochs", 12)
    assert result.status == 0, result.err
    # Twelve epochs of 60 s of training and 5 s of validation.
    assert json.loads(result.out) == {**asdict(SPEED), "epochs": 12, "minutes": 13.0}


def test_minutes_include_the_epochs_of_the_head(run_command, manifest, monkeypatch):
    measured = []
    monkeypatch.setattr(speed_command, "_measure", lambda config: measured.append(config) or SPEED)
    result = run_command("speed", "frozen_efficientnet_b0", "--data", manifest)
    # All five epochs train the head only: 30 s and 5 s each.
    assert json.loads(result.out)["minutes"] == 2.9
    assert measured[0].head_epochs == 5


def test_an_invalid_dataset_is_refused_before_anything_is_measured(run_command, tmp_path):
    result = run_command("speed", "small_fcn", "--data", tmp_path / "gone")
    assert (result.status, result.out) == (1, "")
    assert "gone" in result.err
