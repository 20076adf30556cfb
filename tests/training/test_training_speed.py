"""Measurement of the training speed, and its cache."""

import json
from dataclasses import replace

import pytest

from fracture_core.errors import TrainingError
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.training import measure_speed, speed_job
from fracture_core.training.duration_estimate import TrainingSpeed
from fracture_core.training.speed_job import SpeedJob

TINY = TrainingConfig("", "small_fcn", size=64, batch=4, epochs=1)


@pytest.fixture(autouse=True)
def _short_measurement(monkeypatch):
    monkeypatch.setattr(measure_speed, "_SECONDS", 0.0)


def test_speed_is_measured_and_cached(tmp_path):
    job = SpeedJob.for_config(tmp_path, TINY)
    assert job.speed() is None
    assert job.run(TINY) == 0
    assert job.state().status == "finished"
    speed = job.speed()
    assert speed is not None
    assert speed.trained > 0
    assert speed.judged > speed.trained  # no backward pass
    assert speed.head == 0
    assert speed.parameters == 46_929
    assert SpeedJob.for_config(tmp_path, TINY).speed() == speed


def test_head_is_measured_separately():
    speed = measure_speed.measure_training_speed(replace(TINY, head_epochs=1))
    assert speed.head > 0


@pytest.mark.usefixtures("tiny_map_architecture")
def test_network_with_a_fracture_map_is_measured():
    assert (
        measure_speed.measure_training_speed(
            TrainingConfig("", "tiny_map", size=64, batch=2, box_weight=1.0)
        ).trained
        > 0
    )


@pytest.mark.parametrize(
    "values",
    [
        {"architecture": "four_block"},
        {"size": 96},
        {"batch": 8},
        {"head_epochs": 1},
        {"freeze_before": "block2_conv"},
        {"backbone_weights": "imagenet"},
    ],
)
def test_relevant_settings_need_another_measurement(tmp_path, values):
    assert (
        SpeedJob.for_config(tmp_path, replace(TINY, **values)).folder
        != SpeedJob.for_config(tmp_path, TINY).folder
    )


def test_another_computer_needs_another_measurement(tmp_path, monkeypatch):
    folder = SpeedJob.for_config(tmp_path, TINY).folder
    monkeypatch.setattr(speed_job, "machine_id", lambda: "another")
    assert SpeedJob.for_config(tmp_path, TINY).folder != folder


def test_irrelevant_settings_need_no_new_measurement(tmp_path):
    other = replace(TINY, data="/films", seed=3, learning_rate=0.01, patience=9)
    assert SpeedJob.for_config(tmp_path, other).folder == SpeedJob.for_config(tmp_path, TINY).folder


def test_failed_measurement_states_the_reason(tmp_path):
    job = SpeedJob.for_config(tmp_path, TINY)
    assert job.run(replace(TINY, freeze_before="nonesuch")) == 1
    assert "has no 'nonesuch'" in job.state().message
    assert job.speed() is None


def test_too_little_memory_has_a_clear_message(tmp_path, monkeypatch):
    def out_of_memory(config, progress):
        raise MemoryError

    monkeypatch.setattr(measure_speed, "measure_training_speed", out_of_memory)
    job = SpeedJob.for_config(tmp_path, TINY)
    assert job.run(TINY) == 1
    assert "choose a smaller batch or input size" in job.state().message


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"trained": 1})])
def test_damaged_result_is_ignored(tmp_path, text):
    job = SpeedJob.for_config(tmp_path, TINY)
    job.folder.mkdir(parents=True)
    (job.folder / "speed.json").write_text(text)
    assert job.speed() is None


def test_running_measurement_is_not_started_again(tmp_path, monkeypatch):
    job = SpeedJob.for_config(tmp_path, TINY)
    monkeypatch.setattr(SpeedJob, "state", lambda self: speed_job.job.JobState("running"))
    with pytest.raises(TrainingError, match="already running: wait for it"):
        job.start(TINY)


def test_command_describes_the_same_training(tmp_path, monkeypatch):
    """The background process saves its result under the key that the page reads."""
    from fracture_core.cli import main as cli

    for config in (
        TINY,
        replace(TINY, head_epochs=2, epochs=5, backbone_weights="x.h5", freeze_before="block2_conv"),
    ):
        started: list[list[str]] = []
        monkeypatch.setattr(
            SpeedJob, "_launch", lambda self, command, data, to=started: to.append(list(command))
        )
        job = SpeedJob.for_config(tmp_path, config)
        job.start(config)
        measured: list[TrainingConfig] = []
        monkeypatch.setattr(
            measure_speed,
            "measure_training_speed",
            lambda config, progress, to=measured: to.append(config) or TrainingSpeed(1, 1, 1, 1, ""),
        )
        assert cli.main([*started[0], "--job", str(job.folder)]) == 0
        assert SpeedJob.for_config(tmp_path, measured[0]).folder == job.folder


def test_no_measurement_during_a_training(tmp_path):
    Run.create(tmp_path, "one", TINY).set_state("running")
    with pytest.raises(TrainingError, match=r"one is being trained, .*: measure when it is done"):
        SpeedJob.for_config(tmp_path, TINY).start(TINY)


def test_result_is_discarded_if_a_training_has_started(tmp_path, monkeypatch):
    def measure(config, progress):
        Run.create(tmp_path, "one", config).set_state("running")
        return TrainingSpeed(1, 1, 1, 1, "")

    monkeypatch.setattr(measure_speed, "measure_training_speed", measure)
    job = SpeedJob.for_config(tmp_path, TINY)
    assert job.run(TINY) == 1
    assert job.state().status == "failed"
    assert "one is being trained" in job.state().message
    assert job.speed() is None
