"""The commands `runs list`, `queue`, `stop`, `clone`, `rename`, `note` and `delete`."""

import json
import subprocess
import sys

import pytest

from fracture_core.cli.main import main
from fracture_core.runs import queue
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run

CONFIG = TrainingConfig("/films", "four_block", epochs=7)


@pytest.fixture
def folder_with_two_runs(runs_folder):
    """A folder with two runs that were not started yet."""
    for name in ("one", "two"):
        Run.create(runs_folder, name, CONFIG)
    return runs_folder


@pytest.fixture
def active_run(folder_with_two_runs):
    """An active run: its process exists."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        run = Run.create(folder_with_two_runs, "busy", CONFIG)
        run.set_state("running", pid=other.pid)
        yield run
        other.kill()


def test_list_shows_status_and_place(run_command, folder_with_two_runs, active_run):
    run_command("runs", "queue", "--add", "two")
    result = run_command("runs", "list")
    assert result.status == 0
    rows = {line.split()[0]: line for line in result.lines}
    assert "running" in rows["busy"]
    assert "waits, place 1" in rows["two"]
    assert "The run has not been started yet." in rows["one"]
    rows_in_json = [json.loads(line) for line in run_command("runs", "list", "--format", "json").lines]
    assert {row["run"]: (row["status"], row["place"]) for row in rows_in_json} == {
        "busy": ("running", None),
        "two": ("new", 1),
        "one": ("new", None),
    }


def test_queue_is_listed_and_changed(run_command, folder_with_two_runs, active_run):
    for name in ("one", "two"):
        assert run_command("runs", "queue", "--add", name).status == 0
    assert run_command("runs", "queue").lines == ["in training: busy", "1. one", "2. two"]
    assert run_command("runs", "queue", "--up", "two").lines[1:] == ["1. two", "2. one"]
    assert run_command("runs", "queue", "--remove", "two").lines[1:] == ["1. one"]
    for arguments, sentence in (
        (("--up", "two"), "two is not in the queue."),
        (("--remove", "two"), "two is not in the queue."),
        (("--add", "gone"), "There is no run named gone in"),
        (("--add", "one"), "one is in the queue already."),
        (("--add", "busy"), "busy is being trained already."),
    ):
        result = run_command("runs", "queue", *arguments)
        assert (result.status, result.out) == (1, "")
        assert result.err.startswith(sentence)


def test_train_with_queue(run_command, folder_with_two_runs, active_run, phantoms):
    result = run_command(
        "train", "--data", phantoms, "--architecture", "four_block", "--run", "new", "--queue"
    )
    assert json.loads(result.out) == {"run": "new", "status": "waits", "place": 1}
    result = run_command("train", "--resume", "--run", "one", "--finish", "--queue")
    assert json.loads(result.out)["place"] == 2
    assert queue.waiting_runs(folder_with_two_runs)[1] == queue.WaitingRun("one", finish_only=True)
    result = run_command("train", "--data", phantoms, "--architecture", "four_block", "--run", "now")
    assert (result.status, result.out) == (1, "")
    assert "busy is being trained, and only one run is trained at a time. Add --queue" in result.err
    assert not (folder_with_two_runs / "now").exists()


def test_stop_is_requested_for_an_active_run(run_command, folder_with_two_runs, active_run):
    assert run_command("runs", "stop", "busy").status == 0
    assert active_run.is_stop_requested()
    result = run_command("runs", "stop", "one")
    assert (result.status, result.out) == (1, "")
    assert "one is not active" in result.err


def test_clone_and_rename(run_command, folder_with_two_runs):
    assert run_command("runs", "clone", "one", "three", "--seed", 4, "--learning-rate", 0.01).status == 0
    config = Run(folder_with_two_runs / "three").config()
    assert (config.seed, config.learning_rate, config.epochs) == (4, 0.01, 7)
    assert run_command("runs", "rename", "three", "four").status == 0
    assert Run.open(folder_with_two_runs, "four").config() == config
    result = run_command("runs", "rename", "four", "one")
    assert (result.status, result.out) == (1, "")
    assert "A run named one already exists" in result.err


def test_delete_asks_for_confirmation(run_command, folder_with_two_runs, active_run, monkeypatch):
    result = run_command("runs", "delete", "one")
    assert "Deleting one must be confirmed" in result.err
    assert run_command("runs", "delete", "one", "--yes").status == 0
    assert not (folder_with_two_runs / "one").exists()
    assert "busy is being trained. Stop it first" in run_command("runs", "delete", "busy", "--yes").err

    class Terminal:
        def __init__(self, answer):
            self.answer = answer

        def isatty(self):
            return True

        def readline(self):
            return self.answer

    monkeypatch.setattr("sys.stdin", Terminal("no\n"))
    assert main(["runs", "delete", "two"]) == 1
    assert (folder_with_two_runs / "two").exists()
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert main(["runs", "delete", "two"]) == 0
    assert not (folder_with_two_runs / "two").exists()


def test_commands_write_and_list_notes(run_command, runs_folder):
    Run.create(runs_folder, "one", CONFIG)
    assert run_command("runs", "note", "one", "with CLAHE").status == 0
    assert run_command("runs", "list").out.rstrip().endswith("[with CLAHE]")
    (line,) = run_command("runs", "list", "--format", "json").lines
    row = json.loads(line)
    assert (row["notes"], row["epochs"], row["status"]) == ("with CLAHE", 0, "new")
