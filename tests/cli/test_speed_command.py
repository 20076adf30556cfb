import json
from dataclasses import asdict

import pytest

from fracture_core.cli import speed as speed_command
from fracture_core.datasets.cases import Case
from fracture_core.datasets.manifest import write_manifest
from fracture_core.runs.config import TrainingConfig
from fracture_core.training.duration_estimate import TrainingSpeed
from fracture_core.training.speed_job import SpeedJob

# 4 films a second are learnt from and 16 judged.
SPEED = TrainingSpeed(trained=4.0, head=8.0, judged=16.0, parameters=1, date="2026-01-01")


def test_speed(command, monkeypatch):
    from fracture_core.training import measure_speed

    monkeypatch.setattr(measure_speed, "_SECONDS", 0.0)
    said = command("speed", "small_fcn", "--size", 64, "--batch", 2)
    assert said.status == 0
    found = json.loads(said.out)
    assert found["trained"] > 0
    assert found["parameters"] == 46_929
    assert "Timing the validation" in said.err or not said.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["small_fcn", "--size", 100], "multiple of 32"),
        (["small_fcn", "--batch", 0], "Expected batch from 1"),
        (["small_fcn", "--size", 64, "--freeze-before", "nonesuch"], "has no 'nonesuch'"),
    ],
)
def test_what_cannot_be_measured_is_a_sentence(command, words, sentence):
    said = command("speed", *words)
    assert (said.status, said.out) == (1, "")
    assert sentence in said.err


@pytest.fixture
def films(tmp_path, monkeypatch):
    """A manifest of 240 films to train on and 80 to validate on; no runs yet."""
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    counts = (("train", 240), ("val", 80), ("test", 4))
    cases = [
        Case(f"{split}{at}", tmp_path / f"{split}{at}.png", at % 2, split=split, group=f"{split}{at}")
        for split, count in counts
        for at in range(count)
    ]
    for case in cases:
        case.path.touch()  # no film is opened
    write_manifest(tmp_path / "manifest.csv", cases, "fracture")
    return tmp_path / "manifest.csv"


def _kept(folder, **values) -> None:
    """What the page measured."""
    job = SpeedJob.for_config(folder, TrainingConfig("", **values))
    job.folder.mkdir(parents=True)
    (job.folder / "speed.json").write_text(json.dumps(asdict(SPEED)))
    job._write_state("finished")


def test_minutes_for_films_from_what_the_page_measured(command, films, monkeypatch):
    _kept(films.parent / "runs", architecture="small_fcn", batch=16)
    monkeypatch.setattr(speed_command, "_measure", lambda config: pytest.fail("measured again"))
    said = command("speed", "small_fcn", "--data", films, "--epochs", 12)
    assert said.status == 0, said.err
    # 60 seconds of learning and 5 of judging, twelve times.
    assert json.loads(said.out) == {**asdict(SPEED), "epochs": 12, "minutes": 13.0}


def test_minutes_count_the_usual_epochs_of_the_head(command, films, monkeypatch):
    measured = []
    monkeypatch.setattr(speed_command, "_measure", lambda config: measured.append(config) or SPEED)
    said = command("speed", "frozen_efficientnet_b0", "--data", films)
    # Its five epochs are all of the head: 30 seconds and 5.
    assert json.loads(said.out)["minutes"] == 2.9
    assert measured[0].head_epochs == 5


def test_what_is_no_data_set_is_refused_before_it_is_measured(command, tmp_path):
    said = command("speed", "small_fcn", "--data", tmp_path / "gone")
    assert (said.status, said.out) == (1, "")
    assert "gone" in said.err
