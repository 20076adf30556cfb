"""Run folders: state, progress and stop requests, also after the process was killed."""

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
def new_run(tmp_path):
    """A run that was not started."""
    return Run.create(tmp_path / "runs", "one", CONFIG)


def test_create_and_open(new_run, tmp_path):
    assert new_run.name == "one"
    reopened = Run.open(tmp_path / "runs", "one")
    assert reopened.config() == CONFIG
    assert (reopened.checkpoints.parent, reopened.result.parent, reopened.log.parent) == (new_run.folder,) * 3


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a b", ".hidden", "-x", "x" * 65, "ü"])
def test_invalid_names_are_refused(tmp_path, name):
    with pytest.raises(TrainingError, match="not a valid run name"):
        Run.create(tmp_path, name, CONFIG)
    assert list(tmp_path.iterdir()) == []


def test_existing_name_is_refused(new_run, tmp_path):
    with pytest.raises(
        TrainingError, match=r"A run named one already exists\. Choose another name, or resume"
    ):
        Run.create(tmp_path / "runs", "one", CONFIG)
    assert new_run.config() == CONFIG


def test_unknown_run_is_an_error(tmp_path):
    with pytest.raises(TrainingError, match="There is no run named gone"):
        Run.open(tmp_path, "gone")


def test_unwritable_folder_is_reported(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="cannot be written"):
        Run.create(tmp_path / "file", "one", CONFIG)


def test_full_disk_leaves_no_run_without_settings(tmp_path, monkeypatch):
    def fail_with_full_disk(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_text", fail_with_full_disk)
        with pytest.raises(
            TrainingError, match=r"No space left on device\). Free some disk space and try again"
        ):
            Run.create(tmp_path, "one", CONFIG)
    assert list(tmp_path.iterdir()) == []
    assert Run.create(tmp_path, "one", CONFIG).config() == CONFIG


def test_all_lists_newest_first(tmp_path):
    for age, name in enumerate(("new", "older", "oldest")):
        run = Run.create(tmp_path, name, CONFIG)
        moment = 1_000_000 - age
        os.utime(run.folder / "config.json", (moment, moment))
    (tmp_path / ".cache").mkdir()
    assert [run.name for run in Run.all(tmp_path)] == ["new", "older", "oldest"]
    assert Run.all(tmp_path / "gone") == []


# ---- states ----


def test_state_before_the_first_start(new_run):
    assert new_run.state().status == "new"
    assert "not been started" in new_run.state().message


def test_state_of_a_running_process(new_run):
    new_run.set_state("running", "At work.")
    state = new_run.state()
    assert (state.status, state.message, state.pid) == ("running", "At work.", os.getpid())
    assert abs(state.updated - time.time()) < 60


def test_inactive_states_need_no_process(new_run):
    for status in ("finished", "stopped", "failed"):
        new_run.set_state(status, "Done.")
        _edit_state(new_run, pid=0)
        assert new_run.state().status == status


def _edit_state(run, **values):
    path = run.folder / "state.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize("status", ["starting", "running", "evaluating"])
def test_killed_process_is_interrupted(new_run, status):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        new_run.set_state(status, pid=process.pid)
        assert new_run.state().status == status
        process.kill()
        # Not yet waited for by its parent: a zombie that keeps its number.
        for _ in range(100):
            if psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE:
                break
            time.sleep(0.05)
        assert new_run.state().status == "interrupted"
    assert new_run.state().status == "interrupted"
    assert "stopped without an error message" in new_run.state().message


@pytest.mark.parametrize("started_at", ["another boot 123", 1_700_000_000.0, ""])
def test_reused_process_number_is_interrupted(new_run, started_at):
    new_run.set_state("running")
    _edit_state(new_run, pid_started=started_at)
    assert new_run.state().status == "interrupted"


def test_changed_clock_does_not_affect_the_state(new_run, monkeypatch):
    new_run.set_state("running")
    # By a day, with the boot time that Linux reports.
    monkeypatch.setattr(time, "time", lambda: 86_400.0)
    monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: 1.0)
    assert new_run.state().status == "running"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"colour": 1}', '{"status": 3}', '{"status": "failed", "updated": NaN}']
)
def test_damaged_state_is_interrupted(new_run, text):
    (new_run.folder / "state.json").write_text(text)
    assert new_run.state().status == "interrupted"
    assert "cannot be read" in new_run.state().message


def test_state_is_written_atomically(new_run, monkeypatch):
    new_run.set_state("running", "Before.")

    def kill(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", kill)
        with pytest.raises(KeyboardInterrupt):
            new_run.set_state("finished", "After.")
    assert new_run.state().message == "Before."
    new_run.set_state("finished", "After.")
    assert new_run.state().message == "After."


def test_state_without_boot_id(new_run, monkeypatch, tmp_path):
    monkeypatch.setattr(background, "_BOOT_ID_FILE", tmp_path / "gone")
    new_run.set_state("running")
    assert new_run.state().status == "running"


# ---- progress ----


def test_progress_is_read_without_incomplete_lines(new_run):
    assert new_run.progress() == []
    new_run.write_progress(kind="trial", trial=1)
    new_run.write_progress(kind="epoch", epoch=1, loss=0.5)
    new_run.write_progress(kind="epoch", epoch=2, loss=0.4)
    new_run.write_progress(kind="epoch", epoch=2, loss=0.3)  # a resumed run repeats its last epoch
    with (new_run.folder / "progress.jsonl").open("a") as file:
        file.write('{"kind": "epoch", "epo')  # still being written
    assert len(new_run.progress()) == 4
    assert [(line["epoch"], line["loss"]) for line in new_run.epochs()] == [(1, 0.5), (2, 0.3)]


def test_watcher_gets_each_line(new_run):
    lines = []
    new_run.add_watcher(lines.append)
    new_run.write_progress(kind="epoch", epoch=1)
    assert lines == [{"kind": "epoch", "epoch": 1}] == new_run.progress()
    now = LatestReport(1, 2, 3, 4, 5.0, 6.0, 0.7, 8, 9)
    new_run.write_steps(StepHistory(now))
    assert (lines[1]["kind"], lines[1]["step"], lines[1]["loss"]) == ("step", 3, 0.7)
    assert StepHistory.load(new_run.steps).now == now


def test_stop_request_is_set_and_cleared(new_run):
    assert not new_run.is_stop_requested()
    new_run.request_stop()
    new_run.request_stop()
    assert Run(new_run.folder).is_stop_requested()
    new_run.clear_stop_request()
    new_run.clear_stop_request()
    assert not new_run.is_stop_requested()
