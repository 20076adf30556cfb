"""External failures of a training: killed process, full disk, no memory, changed images, deleted folders."""

import errno
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from fracture_core.errors import TrainingError
from fracture_core.io import disk_space
from fracture_core.registry.card import ModelCard
from fracture_core.runs.run import Run
from fracture_core.runs.steps import LatestReport, StepHistory
from fracture_core.training import checkpoint
from fracture_core.training import run_training as module
from fracture_core.training.error_messages import machine_error_message
from fracture_core.training.run_training import run_training

ROOT = Path(__file__).resolve().parents[2]
DISK_FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def dataset_copy(tiny_config, tmp_path):
    """A copy of the dataset that tests may change."""
    return Path(shutil.copytree(tiny_config.data, tmp_path / "data"))


@pytest.fixture
def run_on_dataset_copy(tmp_path, tiny_config, dataset_copy):
    """A run that was not started, on `dataset_copy`."""
    return Run.create(
        tmp_path / "runs", "one", replace(tiny_config, data=str(dataset_copy), architecture="small_fcn")
    )


@pytest.fixture(autouse=True)
def _no_evaluation(trained_run, monkeypatch):
    """Skip the evaluation after the last epoch, which has its own tests."""
    card = ModelCard.load(trained_run.result / "card.json")
    monkeypatch.setattr(module, "finish_run", lambda *_: card)


def after_epoch(run: Run, number: int, action) -> None:
    """Perform an action when an epoch was saved and reported."""
    run.add_watcher(lambda line: action() if (line["kind"], line.get("epoch")) == ("epoch", number) else None)


# ---- killed process ----

_KILLED = """
import os, signal, sys
from pathlib import Path
from fracture_core.training import checkpoint
from fracture_core.training.run_training import run_training
from fracture_core.runs.run import Run
run, where = Run(Path(sys.argv[1])), sys.argv[2]
kill = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
if where == "checkpoint":
    def copy_or_die(source, target):
        if checkpoint.latest_checkpoint(run.checkpoints):
            Path(target).write_bytes(b"half a file")
            kill()
        return copy(source, target)
    copy, checkpoint.shutil.copyfile = checkpoint.shutil.copyfile, copy_or_die
else:
    run.add_watcher(lambda line: kill() if line["kind"] == "step" and line["epoch"] == 2 else None)
run_training(run)
"""


def test_killed_process_loses_at_most_one_epoch(run_on_dataset_copy):
    """Killed while it writes the second checkpoint, and after the resumption during the second epoch."""
    for where in ("checkpoint", "epoch"):
        process = subprocess.run(
            [sys.executable, "-c", _KILLED, str(run_on_dataset_copy.folder), where], cwd=ROOT, check=False
        )
        assert process.returncode < 0
        assert run_on_dataset_copy.state().status == "interrupted"
        assert "at most one epoch is lost" in run_on_dataset_copy.state().message
        assert checkpoint.latest_checkpoint(run_on_dataset_copy.checkpoints)[1] == 1
    assert run_training(run_on_dataset_copy) is not None
    assert [line["epoch"] for line in run_on_dataset_copy.epochs()] == [1, 2]
    steps = [point.step for point in StepHistory.load(run_on_dataset_copy.steps).points]
    assert steps == sorted(set(steps))


def test_process_that_died_with_little_memory_left(run_on_dataset_copy):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        run_on_dataset_copy.set_state("running", pid=process.pid)
        StepHistory(LatestReport(1, 2, 3, 4, 5.0, 6.0, 0.7, 6_100_000_000, 200_000_000)).save(
            run_on_dataset_copy.steps
        )
        process.kill()
    assert "It held 6.1 GB of memory and 0.2 GB were free" in run_on_dataset_copy.state().message
    assert "smaller batch or input size" in run_on_dataset_copy.state().message


# ---- full disk, no memory ----


def test_preallocation_succeeds_or_fails(tmp_path):
    disk_space.preallocate(tmp_path / "file", 5000)
    assert (tmp_path / "file").stat().st_size == 5000
    with pytest.raises(OSError, match=r"No space left|File too large"):
        disk_space.preallocate(tmp_path / "huge", 1 << 60)


def test_full_disk_keeps_the_last_epoch(run_on_dataset_copy, monkeypatch):
    sizes = []

    def preallocate_once(path, size):
        if path.name == checkpoint.LATEST_WEIGHTS:
            sizes.append(size)
        if len(sizes) == 2:
            raise DISK_FULL

    monkeypatch.setattr(checkpoint.disk_space, "preallocate", preallocate_once)
    with pytest.raises(TrainingError, match=r"The disk of .*one is full: free some space and resume"):
        run_training(run_on_dataset_copy)
    assert run_on_dataset_copy.state().status == "failed"
    saved, epochs = checkpoint.latest_checkpoint(run_on_dataset_copy.checkpoints)
    assert epochs == 1
    written = sum(
        (saved / name).stat().st_size for name in (checkpoint.LATEST_WEIGHTS, checkpoint.BEST_WEIGHTS)
    )
    assert written <= sizes[0] <= written + 4_000_000
    assert run_training(run_on_dataset_copy) is not None
    assert [line["epoch"] for line in run_on_dataset_copy.epochs()] == [1, 2]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (DISK_FULL, "is full: free some space"),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), "is full: free some space"),
        (OSError("Can't write data (error message = 'No space left on device')"), "is full: free some space"),
        (
            tf.errors.ResourceExhaustedError(None, None, "steps; No space left on device"),
            "is full: free some space",
        ),
        # TensorFlow's message if it cannot allocate a tensor.
        (
            tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"),
            "clone it with a smaller batch",
        ),
        (MemoryError(), "Not enough memory to train one: clone it with a smaller batch"),
        (OSError(errno.EACCES, "Permission denied"), "Permission denied): fix the cause and resume the run"),
    ],
)
def test_messages_of_system_errors(run_on_dataset_copy, error, message):
    assert message in str(machine_error_message(error, run_on_dataset_copy))


@pytest.mark.parametrize("error", [ZeroDivisionError(), tf.errors.InvalidArgumentError(None, None, "shapes")])
def test_programming_error_has_no_message(run_on_dataset_copy, error):
    assert machine_error_message(error, run_on_dataset_copy) is None


# ---- changed images, deleted folders ----


def test_changed_image_stops_the_run_until_it_is_restored(run_on_dataset_copy, dataset_copy):
    image = next((dataset_copy / "fractured").iterdir())
    content = image.read_bytes()
    other = next((dataset_copy / "not fractured").iterdir()).read_bytes()
    after_epoch(run_on_dataset_copy, 1, lambda: image.write_bytes(other))
    with pytest.raises(
        TrainingError,
        match=rf"{image.name} has changed since one was started: restore the old file and resume",
    ):
        run_training(run_on_dataset_copy)
    assert run_on_dataset_copy.state().status == "failed"
    assert checkpoint.latest_checkpoint(run_on_dataset_copy.checkpoints)[1] == 1
    # It is also detected when the run is resumed.
    run_on_dataset_copy.add_watcher(lambda line: None)
    with pytest.raises(TrainingError, match=r"has changed since"):
        run_training(run_on_dataset_copy)
    # A new modification time alone is accepted.
    image.write_bytes(content)
    assert run_training(run_on_dataset_copy, finish_only=True) is not None


def test_missing_image_stops_the_run(run_on_dataset_copy, dataset_copy):
    image = next((dataset_copy / "fractured").iterdir())
    after_epoch(run_on_dataset_copy, 1, image.unlink)
    with pytest.raises(
        TrainingError, match=rf"{image.name} is missing since one was started: restore it and resume"
    ):
        run_training(run_on_dataset_copy)


def test_missing_dataset_when_a_run_is_resumed(run_on_dataset_copy, dataset_copy):
    after_epoch(run_on_dataset_copy, 1, run_on_dataset_copy.request_stop)
    assert run_training(run_on_dataset_copy) is None
    dataset_copy.rename(dataset_copy.with_name("away"))
    with pytest.raises(
        TrainingError, match=r"dataset of one is missing from .*: restore it or connect its disk"
    ):
        run_training(run_on_dataset_copy)
    assert run_on_dataset_copy.state().status == "failed"


def test_deleted_run_ends_and_is_not_recreated(run_on_dataset_copy):
    after_epoch(run_on_dataset_copy, 1, lambda: shutil.rmtree(run_on_dataset_copy.folder))
    with pytest.raises(TrainingError, match="was deleted during the training"):
        run_training(run_on_dataset_copy)
    assert not run_on_dataset_copy.folder.exists()


@pytest.mark.parametrize("name", ["latest.weights.h5", "best.weights.h5", "memory.json"])
def test_incomplete_checkpoint_is_ignored(copy_trained_run, name):
    run = copy_trained_run()
    saved = checkpoint.latest_checkpoint(run.checkpoints)[0]
    (saved / name).unlink()
    assert checkpoint.latest_checkpoint(run.checkpoints) is None


def test_run_without_its_split_is_rejected(copy_trained_run):
    run = copy_trained_run()
    (run.folder / "split.csv").unlink()
    with pytest.raises(
        TrainingError, match=r"split\.csv is missing from the folder of copy: start a new run"
    ):
        run_training(run)


def test_run_without_its_progress_is_resumed(copy_trained_run):
    run = copy_trained_run()
    for name in ("progress.jsonl", "steps.json", "films.npz", "state.json"):
        (run.folder / name).unlink()
    shutil.rmtree(run.events)
    assert run_training(run) is not None


def test_checkpoint_size_includes_the_optimizer(tmp_path):
    model = keras.Sequential([keras.Input((100,)), keras.layers.Dense(10)])
    model.compile("adam", "mse")
    model.fit(np.zeros((2, 100)), np.zeros((2, 10)), verbose=0)
    assert checkpoint._size_in_bytes(model) >= 3 * 4 * 1010
