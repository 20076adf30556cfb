"""What befalls a training from outside: killed, no room, no memory, films that change, a folder that is deleted."""

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
from fracture_core.runs.run import Run
from fracture_core.runs.steps import LatestReport, StepHistory
from fracture_core.training import checkpoint
from fracture_core.training.error_messages import machine_error_message
from fracture_core.training.run_training import run_training

ROOT = Path(__file__).resolve().parents[2]
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def data(tiny_config, tmp_path):
    """Films of this test's own."""
    return Path(shutil.copytree(tiny_config.data, tmp_path / "data"))


@pytest.fixture
def run(tmp_path, tiny_config, data):
    return Run.create(tmp_path / "runs", "one", replace(tiny_config, data=str(data)))


def after_epoch(run: Run, number: int, act) -> None:
    """Does something when an epoch has been kept and reported."""
    run.add_watcher(lambda line: act() if (line["kind"], line.get("epoch")) == ("epoch", number) else None)


# ---- killed ----

_KILLED = """
import os, signal, sys
from pathlib import Path
from fracture_core.training import checkpoint, work
from fracture_core.runs.run import Run
run, where = Run(Path(sys.argv[1])), sys.argv[2]
kill = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
if where == "checkpoint":
    def written(source, target):
        if checkpoint.last(run.checkpoints):
            Path(target).write_bytes(b"half a file")
            kill()
        return copy(source, target)
    copy, checkpoint.shutil.copyfile = checkpoint.shutil.copyfile, written
else:
    run.watch(lambda line: kill() if line["kind"] == "step" and line["epoch"] == 2 else None)
work.work(run)
"""


@pytest.mark.parametrize("where", ["epoch", "checkpoint"])
def test_killed_at_most_one_epoch_is_lost(run, where):
    done = subprocess.run([sys.executable, "-c", _KILLED, str(run.folder), where], cwd=ROOT, check=False)
    assert done.returncode < 0
    assert run.state().status == "interrupted"
    assert "at most one epoch is lost" in run.state().message
    assert checkpoint.latest_checkpoint(run.checkpoints)[1] == 1
    assert run_training(run) is not None
    assert [line["epoch"] for line in run.epochs()] == [1, 2]
    steps = [point.step for point in StepHistory.load(run.steps).points]
    assert steps == sorted(set(steps))


def test_a_process_that_is_gone_with_little_memory_left_is_told_as_such(run):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        run.set_state("running", pid=process.pid)
        StepHistory(LatestReport(1, 2, 3, 4, 5.0, 6.0, 0.7, 6_100_000_000, 200_000_000)).save(run.steps)
        process.kill()
    assert "it held 6.1 GB of memory and 0.2 GB were free" in run.state().message
    assert "smaller batch or input size" in run.state().message


# ---- no room, no memory ----


def test_room_is_taken_or_refused(tmp_path):
    disk_space.preallocate(tmp_path / "file", 5000)
    assert (tmp_path / "file").stat().st_size == 5000
    with pytest.raises(OSError, match=r"No space left|File too large"):
        disk_space.preallocate(tmp_path / "huge", 1 << 60)


def test_on_a_full_disk_the_last_epoch_is_kept(run, monkeypatch):
    asked = []

    def take(path, size):
        if path.name == checkpoint.LATEST_WEIGHTS:
            asked.append(size)
        if len(asked) == 2:
            raise FULL

    monkeypatch.setattr(checkpoint.disk_space, "preallocate", take)
    with pytest.raises(TrainingError, match=r"the disk of .*one, but it is full: free some space and resume"):
        run_training(run)
    assert run.state().status == "failed"
    saved, epochs = checkpoint.latest_checkpoint(run.checkpoints)
    assert epochs == 1
    written = sum(
        (saved / name).stat().st_size for name in (checkpoint.LATEST_WEIGHTS, checkpoint.BEST_WEIGHTS)
    )
    assert written <= asked[0] <= written + 4_000_000
    assert run_training(run) is not None
    assert [line["epoch"] for line in run.epochs()] == [1, 2]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (FULL, "but it is full"),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), "but it is full"),
        (OSError("Can't write data (error message = 'No space left on device')"), "but it is full"),
        (tf.errors.ResourceExhaustedError(None, None, "steps; No space left on device"), "but it is full"),
        # TensorFlow's own words where it does not get a tensor; it tries for ten seconds before.
        (
            tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"),
            "clone it with a smaller batch",
        ),
        (MemoryError(), "it ran out: clone it with a smaller batch"),
        (OSError(errno.EACCES, "Permission denied"), "Permission denied”: mend that and resume the run"),
    ],
)
def test_sentences(run, fault, sentence):
    assert sentence in str(machine_error_message(fault, run))


@pytest.mark.parametrize("fault", [ZeroDivisionError(), tf.errors.InvalidArgumentError(None, None, "shapes")])
def test_a_fault_of_the_program_has_none(run, fault):
    assert machine_error_message(fault, run) is None


# ---- films that change, folders that go ----


def test_a_film_that_changes_during_the_run_ends_it_and_put_back_it_goes_on(run, data):
    film = next((data / "fractured").iterdir())
    content = film.read_bytes()
    other = next((data / "not fractured").iterdir()).read_bytes()
    after_epoch(run, 1, lambda: film.write_bytes(other))
    with pytest.raises(
        TrainingError, match=rf"{film.name} has changed since: put the old file back and resume"
    ):
        run_training(run)
    assert run.state().status == "failed"
    assert checkpoint.latest_checkpoint(run.checkpoints)[1] == 1
    # It is noticed when the run goes on, too.
    run.add_watcher(lambda line: None)
    with pytest.raises(TrainingError, match=r"has changed since"):
        run_training(run)
    # Another time alone makes no other film.
    film.write_bytes(content)
    assert run_training(run) is not None


def test_a_film_that_goes_during_the_run(run, data):
    film = next((data / "fractured").iterdir())
    after_epoch(run, 1, film.unlink)
    with pytest.raises(TrainingError, match=rf"{film.name} is gone: put it back and resume"):
        run_training(run)


def test_a_data_set_that_is_gone_when_the_run_goes_on(run, data):
    after_epoch(run, 1, run.request_stop)
    assert run_training(run) is None
    data.rename(data.with_name("away"))
    with pytest.raises(TrainingError, match=r"there is nothing: put them back, or connect their disk"):
        run_training(run)
    assert run.state().status == "failed"


def test_a_run_that_is_deleted_while_it_trains_ends_and_does_not_come_back(run):
    after_epoch(run, 1, lambda: shutil.rmtree(run.folder))
    with pytest.raises(TrainingError, match="was deleted while the run was trained"):
        run_training(run)
    assert not run.folder.exists()


@pytest.mark.parametrize("name", ["latest.weights.h5", "best.weights.h5", "memory.json"])
def test_a_checkpoint_that_lost_a_file_is_none(copy_of_trained, name):
    run = copy_of_trained()
    saved = checkpoint.latest_checkpoint(run.checkpoints)[0]
    (saved / name).unlink()
    assert checkpoint.latest_checkpoint(run.checkpoints) is None


def test_a_run_that_lost_its_split_is_refused(copy_of_trained):
    run = copy_of_trained()
    (run.folder / "split.csv").unlink()
    with pytest.raises(TrainingError, match=r"split\.csv is gone: start a new run"):
        run_training(run)


def test_a_run_that_lost_its_progress_goes_on(copy_of_trained):
    run = copy_of_trained()
    for name in ("progress.jsonl", "steps.json", "films.npz", "state.json"):
        (run.folder / name).unlink()
    shutil.rmtree(run.events)
    assert run_training(run) is not None


def test_the_size_of_a_checkpoint_counts_the_optimizer(tmp_path):
    model = keras.Sequential([keras.Input((100,)), keras.layers.Dense(10)])
    model.compile("adam", "mse")
    model.fit(np.zeros((2, 100)), np.zeros((2, 10)), verbose=0)
    assert checkpoint._size(model) >= 3 * 4 * 1010
