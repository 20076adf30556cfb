"""Run folders: states that tell the truth whatever happened to the process."""

import errno
import json
import os
import subprocess
import sys
import time

import psutil
import pytest

from fracture_core.errors import TrainingError
from fracture_core.jobs import background
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.runs.steps import LatestReport, StepHistory

CONFIG = TrainingConfig("/films", "four_block")


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "runs", "one", CONFIG)


def test_create_and_open(run, tmp_path):
    assert run.name == "one"
    again = Run.open(tmp_path / "runs", "one")
    assert again.config() == CONFIG
    assert (again.checkpoints.parent, again.result.parent, again.log.parent) == (run.folder,) * 3


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a b", ".hidden", "-x", "x" * 65, "ü"])
def test_names_that_are_no_folder_names(tmp_path, name):
    with pytest.raises(TrainingError, match="Expected a run name of letters"):
        Run.create(tmp_path, name, CONFIG)
    assert list(tmp_path.iterdir()) == []


def test_a_name_is_given_once(run, tmp_path):
    with pytest.raises(TrainingError, match="one exists already: continue it with --resume"):
        Run.create(tmp_path / "runs", "one", CONFIG)
    assert run.config() == CONFIG


def test_an_unknown_run(tmp_path):
    with pytest.raises(TrainingError, match="Expected a run named gone"):
        Run.open(tmp_path, "gone")


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="the disk said"):
        Run.create(tmp_path / "file", "one", CONFIG)


def test_on_a_full_disk_no_run_is_left_without_settings(tmp_path, monkeypatch):
    def full(*_given, **_more):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_text", full)
        with pytest.raises(TrainingError, match="No space left on device”: free some space and try again"):
            Run.create(tmp_path, "one", CONFIG)
    assert list(tmp_path.iterdir()) == []
    assert Run.create(tmp_path, "one", CONFIG).config() == CONFIG


def test_all_the_newest_first(tmp_path):
    for age, name in enumerate(("new", "older", "oldest")):
        run = Run.create(tmp_path, name, CONFIG)
        moment = 1_000_000 - age
        os.utime(run.folder / "config.json", (moment, moment))
    (tmp_path / ".cache").mkdir()
    assert [run.name for run in Run.all(tmp_path)] == ["new", "older", "oldest"]
    assert Run.all(tmp_path / "gone") == []


# ---- states ----


def test_a_run_that_was_never_started(run):
    assert run.state().status == "new"
    assert "never started" in run.state().message


def test_a_living_process(run):
    run.set_state("running", "At work.")
    state = run.state()
    assert (state.status, state.message, state.pid) == ("running", "At work.", os.getpid())
    assert abs(state.updated - time.time()) < 60


def test_states_at_rest_need_no_process(run):
    for status in ("finished", "stopped", "failed"):
        run.set_state(status, "Done.")
        _edit_state(run, pid=0)
        assert run.state().status == status


def _edit_state(run, **values):
    path = run.folder / "state.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize("status", ["starting", "running", "evaluating"])
def test_a_dead_process_shows_as_interrupted(run, status):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        run.set_state(status, pid=process.pid)
        assert run.state().status == status
        process.kill()
        # Its parent has not looked yet: a zombie that still has its number.
        for _ in range(100):
            if psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE:
                break
            time.sleep(0.05)
        assert run.state().status == "interrupted"
    assert run.state().status == "interrupted"
    assert "ended without a word" in run.state().message


@pytest.mark.parametrize("when", ["another boot 123", 1_700_000_000.0, ""])
def test_another_process_with_the_same_number_is_not_taken_for_it(run, when):
    run.set_state("running")
    _edit_state(run, pid_started=when)
    assert run.state().status == "interrupted"


def test_a_clock_that_is_set_changes_nothing(run, monkeypatch):
    run.set_state("running")
    # By a day, and with it the time of boot that Linux tells.
    monkeypatch.setattr(time, "time", lambda: 86_400.0)
    monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: 1.0)
    assert run.state().status == "running"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"colour": 1}'])
def test_a_broken_state_is_told(run, text):
    (run.folder / "state.json").write_text(text)
    assert run.state().status == "interrupted"
    assert "cannot be read" in run.state().message


def test_writing_is_atomic(run, monkeypatch):
    run.set_state("running", "Before.")

    def killed(*_given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            run.set_state("finished", "After.")
    assert run.state().message == "Before."
    run.set_state("finished", "After.")
    assert run.state().message == "After."


def test_a_container_that_does_not_tell_its_boot(run, monkeypatch, tmp_path):
    monkeypatch.setattr(background, "_BOOT_ID_FILE", tmp_path / "gone")
    run.set_state("running")
    assert run.state().status == "running"


# ---- progress ----


def test_progress(run):
    assert run.progress() == []
    run.write_progress(kind="trial", trial=1)
    run.write_progress(kind="epoch", epoch=1, loss=0.5)
    run.write_progress(kind="epoch", epoch=2, loss=0.4)
    run.write_progress(kind="epoch", epoch=2, loss=0.3)  # a resumed run repeats its last epoch
    with (run.folder / "progress.jsonl").open("a") as file:
        file.write('{"kind": "epoch", "epo')  # still being written
    assert len(run.progress()) == 4
    assert [(line["epoch"], line["loss"]) for line in run.epochs()] == [(1, 0.5), (2, 0.3)]


def test_a_watcher_sees_each_line(run):
    seen = []
    run.add_watcher(seen.append)
    run.write_progress(kind="epoch", epoch=1)
    assert seen == [{"kind": "epoch", "epoch": 1}] == run.progress()
    now = LatestReport(1, 2, 3, 4, 5.0, 6.0, 0.7, 8, 9)
    run.write_steps(StepHistory(now))
    assert (seen[1]["kind"], seen[1]["step"], seen[1]["loss"]) == ("step", 3, 0.7)
    assert StepHistory.load(run.steps).now == now


def test_requests_to_stop(run):
    assert not run.is_stop_requested()
    run.request_stop()
    run.request_stop()
    assert Run(run.folder).is_stop_requested()
    run.clear_stop_request()
    run.clear_stop_request()
    assert not run.is_stop_requested()
