"""A complete training: every outcome leaves a state that describes it."""

import errno
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from fracture_core.errors import DataError, TrainingError
from fracture_core.runs.run import Run
from fracture_core.training import checkpoint
from fracture_core.training import run_training as module
from fracture_core.training.run_training import run_training


@pytest.fixture
def new_run(tmp_path, tiny_config):
    return Run.create(tmp_path, "one", replace(tiny_config, architecture="small_fcn"))


def test_finished_run_states_its_auc(trained_run):
    state = trained_run.state()
    assert state.status == "finished"
    assert state.message.startswith("AUC on the test split: ")


def test_finished_run_cannot_be_trained_again(trained_run):
    before = (trained_run.folder / "state.json").read_bytes()
    for finish_only in (False, True):
        with pytest.raises(TrainingError, match="tiny is finished and its test images have been used"):
            run_training(trained_run, finish_only=finish_only)
    assert (trained_run.folder / "state.json").read_bytes() == before


@pytest.mark.parametrize("status", ["running", "evaluating"])
def test_active_run_is_rejected(new_run, status):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        new_run.set_state(status, pid=other.pid)
        with pytest.raises(TrainingError, match="one is already being trained: wait for it or stop it"):
            run_training(new_run)
        assert new_run.state().pid == other.pid
        other.kill()


def test_stop_request_while_reading(new_run):
    stages = []

    def stop(stage, done, total):
        stages.append(stage)
        new_run.request_stop()

    assert run_training(new_run, stop) is None
    assert stages == ["Reading images"]
    assert (new_run.state().status, new_run.state().message) == (
        "stopped",
        "Stopped. No epoch was completed.",
    )


def test_stopped_run_can_be_finished_with_the_best_epoch(new_run):
    new_run.add_watcher(lambda line: new_run.request_stop() if line["kind"] == "epoch" else None)
    assert run_training(new_run) is None
    assert new_run.state().message == "Stopped. Completed epochs: 1."
    card = run_training(Run(new_run.folder), finish_only=True)
    assert card.id == "one"
    assert (new_run.result / "card.json").is_file()
    assert new_run.state().status == "finished"
    assert len(new_run.epochs()) == 1
    assert checkpoint.latest_checkpoint(new_run.checkpoints)[1] == 1


def test_finish_without_an_epoch(new_run):
    with pytest.raises(TrainingError, match="one has no completed epoch yet"):
        run_training(new_run, finish_only=True)
    assert new_run.state().status == "failed"


def test_user_error_is_the_state_message(new_run, tiny_config, tmp_path):
    replace(tiny_config, data=str(tmp_path / "gone")).save(new_run.folder / "config.json")
    with pytest.raises(DataError, match="is not a folder") as error:
        run_training(new_run)
    assert (new_run.state().status, new_run.state().message) == ("failed", str(error.value))


def test_system_error_has_a_clear_message(new_run, monkeypatch):
    def fail(*_args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module.loop, "fit", fail)
    with pytest.raises(TrainingError, match=r"The disk of .*one is full"):
        run_training(new_run)
    assert new_run.state().status == "failed"
    assert "free some space and resume" in new_run.state().message


def test_programming_error_is_raised(new_run, monkeypatch):
    def fail(*_args):
        raise ZeroDivisionError("a typing error")

    monkeypatch.setattr(module.loop, "fit", fail)
    with pytest.raises(ZeroDivisionError):
        run_training(new_run)
    assert new_run.state().status == "failed"
    assert "log.txt" in new_run.state().message


def test_unreadable_images_are_skipped_and_reported(new_run, tiny_config, phantoms, tmp_path, monkeypatch):
    root = shutil.copytree(phantoms, tmp_path / "films")
    (root / "fractured" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    replace(tiny_config, data=str(root)).save(new_run.folder / "config.json")
    states = []

    def inspect(run, data, config, callbacks):
        states.append((run.state().status, run.state().message, len(data.cases), data.unreadable))
        raise module.StopRequested

    monkeypatch.setattr(module.loop, "fit", inspect)
    run_training(new_run)
    ((status, message, count, unreadable),) = states
    assert (status, count, unreadable) == ("running", 56, 1)
    assert message.startswith("1 file could not be read and is left out. ")


def test_split_without_a_class_is_rejected(new_run, tiny_config, phantoms, tmp_path):
    for split in ("train", "val", "test"):
        for label in ("fractured", "not fractured"):
            source = sorted((phantoms / label).iterdir())[:2]
            target = tmp_path / "films" / split / label
            target.mkdir(parents=True)
            if (split, label) != ("val", "fractured"):
                for path in source:
                    shutil.copy(path, target)
    replace(tiny_config, data=str(tmp_path / "films")).save(new_run.folder / "config.json")
    with pytest.raises(TrainingError, match="split val has no images with a fracture"):
        run_training(new_run)


def test_changed_dataset_is_not_split_again(trained_run, tiny_config, tmp_path):
    """A new split could move training images to the test split."""
    data = tmp_path / "data"
    shutil.copytree(tiny_config.data, data)
    run = Run.create(tmp_path / "runs", "changed", replace(tiny_config, data=str(data)))
    shutil.copytree(trained_run.checkpoints, run.checkpoints)
    shutil.copy(trained_run.folder / "split.csv", run.folder / "split.csv")
    next((data / "fractured").iterdir()).unlink()
    with pytest.raises(TrainingError, match="changed since"):
        run_training(run)
    assert run.state().status == "failed"
    assert (run.folder / "split.csv").read_bytes() == (trained_run.folder / "split.csv").read_bytes()
