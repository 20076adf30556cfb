import json
from dataclasses import replace

import pytest

from fracture_core.errors import TrainingError
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.training import measure_speed, speed_job
from fracture_core.training.speed_job import SpeedJob
from fracture_core.training.training_speed import TrainingSpeed

TINY = TrainingConfig("", "small_fcn", size=64, batch=4, epochs=1)


@pytest.fixture(autouse=True)
def _brief(monkeypatch):
    monkeypatch.setattr(measure_speed, "_SECONDS", 0.0)


def test_films_a_second_are_measured_and_kept(tmp_path):
    job = SpeedJob.for_config(tmp_path, TINY)
    assert job.speed() is None
    assert job.run(TINY) == 0
    assert job.state().status == "finished"
    found = job.speed()
    assert found is not None
    assert found.trained > 0
    assert found.judged > found.trained  # a step forward costs less than one forward and back
    assert found.head == 0
    assert found.parameters == 46_929
    assert SpeedJob.for_config(tmp_path, TINY).speed() == found


def test_the_head_is_timed_apart():
    found = measure_speed.measure_training_speed(replace(TINY, head_epochs=1))
    assert found.head > 0


def test_a_network_with_a_map_is_timed():
    assert (
        measure_speed.measure_training_speed(
            TrainingConfig("", "mobilenet_v2_map", size=64, batch=2, box_weight=1.0)
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
def test_what_changes_the_speed_asks_for_another_measurement(tmp_path, values):
    assert (
        SpeedJob.for_config(tmp_path, replace(TINY, **values)).folder
        != SpeedJob.for_config(tmp_path, TINY).folder
    )


def test_another_computer_asks_for_another_measurement(tmp_path, monkeypatch):
    here = SpeedJob.for_config(tmp_path, TINY).folder
    monkeypatch.setattr(speed_job, "machine_id", lambda: "another")
    assert SpeedJob.for_config(tmp_path, TINY).folder != here


def test_what_does_not_change_the_speed_asks_for_none(tmp_path):
    other = replace(TINY, data="/films", seed=3, learning_rate=0.01, patience=9)
    assert SpeedJob.for_config(tmp_path, other).folder == SpeedJob.for_config(tmp_path, TINY).folder


def test_a_measurement_that_fails_says_why(tmp_path):
    job = SpeedJob.for_config(tmp_path, TINY)
    assert job.run(replace(TINY, freeze_before="nonesuch")) == 1
    assert "has no 'nonesuch'" in job.state().message
    assert job.speed() is None


def test_too_little_memory_is_a_sentence(tmp_path, monkeypatch):
    def full(config, progress):
        raise MemoryError

    monkeypatch.setattr(measure_speed, "measure_training_speed", full)
    job = SpeedJob.for_config(tmp_path, TINY)
    assert job.run(TINY) == 1
    assert "choose a smaller batch or input size" in job.state().message


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"trained": 1})])
def test_a_damaged_result_counts_as_none(tmp_path, text):
    job = SpeedJob.for_config(tmp_path, TINY)
    job.folder.mkdir(parents=True)
    (job.folder / "speed.json").write_text(text)
    assert job.speed() is None


def test_two_measurements_of_one_thing_do_not_begin(tmp_path, monkeypatch):
    job = SpeedJob.for_config(tmp_path, TINY)
    monkeypatch.setattr(SpeedJob, "state", lambda self: speed_job.job.JobState("running"))
    with pytest.raises(TrainingError, match="there is one: wait for it"):
        job.start(TINY)


def test_the_words_of_the_command_mean_the_same_training(tmp_path, monkeypatch):
    """What the page starts is timed and kept under the key that the page looks for."""
    from fracture_core.cli import main as cli

    for config in (
        TINY,
        replace(TINY, head_epochs=2, epochs=5, backbone_weights="x.h5", freeze_before="block2_conv"),
    ):
        started: list[list[str]] = []
        monkeypatch.setattr(SpeedJob, "_launch", lambda self, words, data, to=started: to.append(list(words)))
        job = SpeedJob.for_config(tmp_path, config)
        job.start(config)
        measured: list[TrainingConfig] = []
        monkeypatch.setattr(
            measure_speed,
            "measure_training_speed",
            lambda given, progress, to=measured: to.append(given) or TrainingSpeed(1, 1, 1, 1, ""),
        )
        assert cli.main([*started[0], "--job", str(job.folder)]) == 0
        assert SpeedJob.for_config(tmp_path, measured[0]).folder == job.folder


def test_nothing_is_measured_beside_a_training(tmp_path):
    Run.create(tmp_path, "one", TINY).set_state("running")
    with pytest.raises(TrainingError, match="but one is being trained: measure when it is done"):
        SpeedJob.for_config(tmp_path, TINY).start(TINY)


def test_a_speed_is_not_kept_where_a_training_began_meanwhile(tmp_path, monkeypatch):
    def measure(config, progress):
        Run.create(tmp_path, "one", config).set_state("running")
        return TrainingSpeed(1, 1, 1, 1, "")

    monkeypatch.setattr(measure_speed, "measure_training_speed", measure)
    job = SpeedJob.for_config(tmp_path, TINY)
    assert job.run(TINY) == 1
    assert job.state().status == "failed"
    assert "one is being trained" in job.state().message
    assert job.speed() is None
