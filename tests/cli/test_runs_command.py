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
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path))
    for name in ("one", "two"):
        Run.create(tmp_path, name, CONFIG)
    return tmp_path


@pytest.fixture
def busy(root):
    """An active run: its process exists."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        run = Run.create(root, "busy", CONFIG)
        run.set_state("running", pid=other.pid)
        yield run
        other.kill()


def test_list(command, root, busy):
    command("runs", "queue", "--add", "two")
    result = command("runs", "list")
    assert result.status == 0
    rows = {line.split()[0]: line for line in result.lines}
    assert "running" in rows["busy"]
    assert "waits, place 1" in rows["two"]
    assert "The run has not been started yet." in rows["one"]
    found = [json.loads(line) for line in command("runs", "list", "--format", "json").lines]
    assert {row["run"]: (row["status"], row["place"]) for row in found} == {
        "busy": ("running", None),
        "two": ("new", 1),
        "one": ("new", None),
    }


def test_queue(command, root, busy):
    for name in ("one", "two"):
        assert command("runs", "queue", "--add", name).status == 0
    assert command("runs", "queue").lines == ["in training: busy", "1. one", "2. two"]
    assert command("runs", "queue", "--up", "two").lines[1:] == ["1. two", "2. one"]
    assert command("runs", "queue", "--remove", "two").lines[1:] == ["1. one"]
    for arguments, sentence in (
        (("--up", "two"), "two is not in the queue."),
        (("--remove", "two"), "two is not in the queue."),
        (("--add", "gone"), "There is no run named gone in"),
        (("--add", "one"), "one is in the queue already."),
        (("--add", "busy"), "busy is being trained already."),
    ):
        result = command("runs", "queue", *arguments)
        assert (result.status, result.out) == (1, "")
        assert result.err.startswith(sentence)


def test_train_with_queue(command, root, busy, phantoms):
    result = command("train", "--data", phantoms, "--architecture", "four_block", "--run", "new", "--queue")
    assert json.loads(result.out) == {"run": "new", "status": "waits", "place": 1}
    result = command("train", "--resume", "--run", "one", "--finish", "--queue")
    assert json.loads(result.out)["place"] == 2
    assert queue.waiting_runs(root)[1] == queue.WaitingRun("one", finish_only=True)
    result = command("train", "--data", phantoms, "--architecture", "four_block", "--run", "now")
    assert (result.status, result.out) == (1, "")
    assert "busy is being trained, and only one run is trained at a time. Add --queue" in result.err
    assert not (root / "now").exists()


def test_stop(command, root, busy):
    assert command("runs", "stop", "busy").status == 0
    assert busy.is_stop_requested()
    result = command("runs", "stop", "one")
    assert (result.status, result.out) == (1, "")
    assert "one is not active" in result.err


def test_clone_and_rename(command, root):
    assert command("runs", "clone", "one", "three", "--seed", 4, "--learning-rate", 0.01).status == 0
    config = Run(root / "three").config()
    assert (config.seed, config.learning_rate, config.epochs) == (4, 0.01, 7)
    assert command("runs", "rename", "three", "four").status == 0
    assert Run.open(root, "four").config() == config
    result = command("runs", "rename", "four", "one")
    assert (result.status, result.out) == (1, "")
    assert "A run named one already exists" in result.err


def test_delete_asks(command, root, busy, monkeypatch):
    result = command("runs", "delete", "one")
    assert "Deleting one must be confirmed" in result.err
    assert command("runs", "delete", "one", "--yes").status == 0
    assert not (root / "one").exists()
    assert "busy is being trained. Stop it first" in command("runs", "delete", "busy", "--yes").err

    class Terminal:
        def __init__(self, answer):
            self.answer = answer

        def isatty(self):
            return True

        def readline(self):
            return self.answer

    monkeypatch.setattr("sys.stdin", Terminal("no\n"))
    assert main(["runs", "delete", "two"]) == 1
    assert (root / "two").exists()
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert main(["runs", "delete", "two"]) == 0
    assert not (root / "two").exists()
