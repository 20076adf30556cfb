"""The process of a training: every end leaves a state that tells what happened."""

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
def run(tmp_path, tiny_config):
    return Run.create(tmp_path, "one", tiny_config)


def test_a_finished_run(trained):
    state = trained.state()
    assert state.status == "finished"
    assert state.message.startswith("AUC on the test split: ")


def test_a_finished_run_is_refused(trained):
    before = (trained.folder / "state.json").read_bytes()
    for finish_only in (False, True):
        with pytest.raises(TrainingError, match="tiny is finished and its test split has been opened"):
            run_training(trained, finish_only=finish_only)
    assert (trained.folder / "state.json").read_bytes() == before


@pytest.mark.parametrize("status", ["running", "evaluating"])
def test_a_run_at_work_is_refused(run, status):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        run.set_state(status, pid=other.pid)
        with pytest.raises(TrainingError, match="one is being trained: wait for it or stop it"):
            run_training(run)
        assert run.state().pid == other.pid
        other.kill()


def test_stopped_while_films_are_read(run):
    stages = []

    def stop(stage, done, total):
        stages.append(stage)
        run.request_stop()

    assert run_training(run, stop) is None
    assert stages == ["Reading images"]
    assert (run.state().status, run.state().message) == ("stopped", "Stopped. No epoch was completed.")


def test_stopped_then_finished_with_the_best_so_far(run):
    run.add_watcher(lambda line: run.request_stop() if line["kind"] == "epoch" else None)
    assert run_training(run) is None
    assert run.state().message == "Stopped. 1 completed epochs are kept."
    card = run_training(Run(run.folder), finish_only=True)
    assert card.id == "one"
    assert (run.result / "card.json").is_file()
    assert run.state().status == "finished"
    assert len(run.epochs()) == 1
    assert checkpoint.latest_checkpoint(run.checkpoints)[1] == 1


def test_nothing_to_finish(run):
    with pytest.raises(TrainingError, match="at least one completed epoch in one"):
        run_training(run, finish_only=True)
    assert run.state().status == "failed"


def test_a_sentence_for_what_the_user_can_mend(run, tiny_config, tmp_path):
    replace(tiny_config, data=str(tmp_path / "gone")).save(run.folder / "config.json")
    with pytest.raises(DataError, match="is not a folder") as told:
        run_training(run)
    assert (run.state().status, run.state().message) == ("failed", str(told.value))


def test_a_fault_of_the_machine_is_a_sentence(run, monkeypatch):
    def fail(*_given):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module.loop, "fit", fail)
    with pytest.raises(TrainingError, match=r"Expected room on the disk of .*one, but it is full"):
        run_training(run)
    assert run.state().status == "failed"
    assert "free some space and resume" in run.state().message


def test_a_fault_of_the_program_is_not_hidden(run, monkeypatch):
    def fail(*_given):
        raise ZeroDivisionError("a typing error")

    monkeypatch.setattr(module.loop, "fit", fail)
    with pytest.raises(ZeroDivisionError):
        run_training(run)
    assert run.state().status == "failed"
    assert "log.txt" in run.state().message


def test_unreadable_films_are_left_out_and_told(run, tiny_config, phantoms, tmp_path, monkeypatch):
    import shutil

    root = shutil.copytree(phantoms, tmp_path / "films")
    (root / "fractured" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    replace(tiny_config, data=str(root)).save(run.folder / "config.json")
    said = []

    def look(run, films, config, watchers):
        said.append((run.state().status, run.state().message, len(films.cases), films.unreadable))
        raise module.StopRequested

    monkeypatch.setattr(module.loop, "fit", look)
    run_training(run)
    ((status, message, count, unreadable),) = said
    assert (status, count, unreadable) == ("running", 56, 1)
    assert message.startswith("1 file could not be read and is left out. ")


def test_a_split_without_a_class_is_refused(run, tiny_config, phantoms, tmp_path):
    import shutil

    for split in ("train", "val", "test"):
        for kind in ("fractured", "not fractured"):
            source = sorted((phantoms / kind).iterdir())[:2]
            target = tmp_path / "films" / split / kind
            target.mkdir(parents=True)
            if (split, kind) != ("val", "fractured"):
                for path in source:
                    shutil.copy(path, target)
    replace(tiny_config, data=str(tmp_path / "films")).save(run.folder / "config.json")
    with pytest.raises(TrainingError, match="but val has none with a fracture"):
        run_training(run)


def test_a_folder_that_changed_is_not_split_anew(trained, tiny_config, tmp_path):
    """Films that trained the network could stand in the test of another split."""
    data = tmp_path / "data"
    shutil.copytree(tiny_config.data, data)
    run = Run.create(tmp_path / "runs", "changed", replace(tiny_config, data=str(data)))
    shutil.copytree(trained.checkpoints, run.checkpoints)
    shutil.copy(trained.folder / "split.csv", run.folder / "split.csv")
    next((data / "fractured").iterdir()).unlink()
    with pytest.raises(TrainingError, match="changed since"):
        run_training(run)
    assert run.state().status == "failed"
    assert (run.folder / "split.csv").read_bytes() == (trained.folder / "split.csv").read_bytes()
