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
def run(tmp_path):
    return Run.create(tmp_path / "runs", "one", CONFIG)


def test_create_and_open(run, tmp_path):
    assert run.name == "one"
    again = Run.open(tmp_path / "runs", "one")
    assert again.config() == CONFIG
    assert (again.checkpoints.parent, again.result.parent, again.log.parent) == (run.folder,) * 3


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a b", ".hidden", "-x", "x" * 65, "ü"])
def test_invalid_names(tmp_path, name):
    with pytest.raises(TrainingError, match="not a valid run name"):
        Run.create(tmp_path, name, CONFIG)
    assert list(tmp_path.iterdir()) == []


def test_existing_name_is_refused(run, tmp_path):
    with pytest.raises(
        TrainingError, match=r"A run named one already exists\. Choose another name, or resume"
    ):
        Run.create(tmp_path / "runs", "one", CONFIG)
    assert run.config() == CONFIG


def test_unknown_run(tmp_path):
    with pytest.raises(TrainingError, match="There is no run named gone"):
        Run.open(tmp_path, "gone")


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="cannot be written"):
        Run.create(tmp_path / "file", "one", CONFIG)


def test_full_disk_leaves_no_run_without_settings(tmp_path, monkeypatch):
    def full(*_given, **_more):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_text", full)
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


def test_state_before_the_first_start(run):
    assert run.state().status == "new"
    assert "not been started" in run.state().message


def test_state_of_a_running_process(run):
    run.set_state("running", "At work.")
    state = run.state()
    assert (state.status, state.message, state.pid) == ("running", "At work.", os.getpid())
    assert abs(state.updated - time.time()) < 60


def test_inactive_states_need_no_process(run):
    for status in ("finished", "stopped", "failed"):
        run.set_state(status, "Done.")
        _edit_state(run, pid=0)
        assert run.state().status == status


def _edit_state(run, **values):
    path = run.folder / "state.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize("status", ["starting", "running", "evaluating"])
def test_killed_process_is_interrupted(run, status):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        run.set_state(status, pid=process.pid)
        assert run.state().status == status
        process.kill()
        # Not yet waited for by its parent: a zombie that keeps its number.
        for _ in range(100):
            if psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE:
                break
            time.sleep(0.05)
        assert run.state().status == "interrupted"
    assert run.state().status == "interrupted"
    assert "stopped without an error message" in run.state().message


@pytest.mark.parametrize("when", ["another boot 123", 1_700_000_000.0, ""])
def test_reused_process_number_is_interrupted(run, when):
    run.set_state("running")
    _edit_state(run, pid_started=when)
    assert run.state().status == "interrupted"


def test_changed_clock_does_not_affect_the_state(run, monkeypatch):
    run.set_state("running")
    # By a day, with the boot time that Linux reports.
    monkeypatch.setattr(time, "time", lambda: 86_400.0)
    monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: 1.0)
    assert run.state().status == "running"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"colour": 1}', '{"status": 3}', '{"status": "failed", "updated": NaN}']
)
def test_damaged_state_is_interrupted(run, text):
    (run.folder / "state.json").write_text(text)
    assert run.state().status == "interrupted"
    assert "cannot be read" in run.state().message


def test_state_is_written_atomically(run, monkeypatch):
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


def test_state_without_boot_id(run, monkeypatch, tmp_path):
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


def test_watcher_gets_each_line(run):
    seen = []
    run.add_watcher(seen.append)
    run.write_progress(kind="epoch", epoch=1)
    assert seen == [{"kind": "epoch", "epoch": 1}] == run.progress()
    now = LatestReport(1, 2, 3, 4, 5.0, 6.0, 0.7, 8, 9)
    run.write_steps(StepHistory(now))
    assert (seen[1]["kind"], seen[1]["step"], seen[1]["loss"]) == ("step", 3, 0.7)
    assert StepHistory.load(run.steps).now == now


def test_stop_request(run):
    assert not run.is_stop_requested()
    run.request_stop()
    run.request_stop()
    assert Run(run.folder).is_stop_requested()
    run.clear_stop_request()
    run.clear_stop_request()
    assert not run.is_stop_requested()
