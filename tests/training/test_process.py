import json
import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from fracture_core.data.phantom import SetSettings, write_set
from fracture_core.errors import TrainingError
from fracture_core.registry.card import Card
from fracture_core.training import process
from fracture_core.training.config import TrainingConfig
from fracture_core.training.run import ACTIVE, Run
from fracture_core.training.steps import Steps

# Importing TensorFlow on a busy machine is most of it.
PATIENCE = 300


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    write_set(folder, SetSettings(40, seed=3, size=(128, 100)))
    return folder


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "runs"
    yield folder
    # A failed test must not leave a training behind.
    for run in Run.all(folder):
        state = run.state()
        if state.status in ACTIVE:
            psutil.Process(state.pid).kill()


def config(films: Path, epochs: int = 2, **others) -> TrainingConfig:
    return TrainingConfig(
        data=str(films), architecture="four_block", size=64, epochs=epochs, batch=8, patience=1000, **others
    )


def until(run: Run, wanted) -> str:
    """Waits until the run's status is wanted; returns it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        status = run.state().status
        if wanted(status):
            return status
        time.sleep(0.1)
    pytest.fail(f"still {run.state()} after {PATIENCE} s; log: {run.log.read_text()[-2000:]}")


def at_rest(run: Run) -> str:
    return until(run, lambda status: status not in ACTIVE)


def until_epoch(run: Run, number: int) -> None:
    end = time.monotonic() + PATIENCE
    while not any(line["epoch"] >= number for line in run.epochs()):
        assert run.state().status in ACTIVE, run.log.read_text()
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_run_is_trained_to_its_end_in_another_process(films, root, monkeypatch):
    monkeypatch.chdir("/")  # the package must be found from anywhere
    run = process.begin(root, "first", config(films))
    state = run.state()
    assert state.status == "starting"
    assert state.pid not in (0, os.getpid())
    assert psutil.Process(state.pid).nice() >= 10
    assert os.getsid(state.pid) != os.getsid(0)
    assert process.active(root).name == "first"

    assert at_rest(run) == "finished", run.log.read_text()
    assert [line["epoch"] for line in run.epochs()] == [1, 2]
    assert Steps.load(run.steps).now.images_per_second > 0
    card = Card.load(run.result / "card.json")
    assert card.test.n == 6
    assert "AUC" in run.state().message
    assert json.loads(run.log.read_text().splitlines()[-1])["run"] == "first"
    assert process.active(root) is None

    with pytest.raises(TrainingError, match="start a new run"):
        process.start(run)


def test_a_second_start_is_refused_while_one_is_at_work(films, root):
    run = process.begin(root, "one", config(films, epochs=500))
    with pytest.raises(TrainingError, match="one is being trained"):
        process.begin(root, "two", config(films))
    assert not (root / "two").exists()
    other = Run.create(root, "three", config(films))
    with pytest.raises(TrainingError, match="one is being trained"):
        process.start(other)
    with pytest.raises(TrainingError, match="one is being trained"):
        process.start(run)

    # Asked while it is still importing TensorFlow.
    run.request_stop()
    assert at_rest(run) == "stopped"


def test_two_starts_in_the_same_moment_start_one(films, root):
    ready, errors = threading.Barrier(2), []

    def click(name: str) -> None:
        ready.wait()
        try:
            process.begin(root, name, config(films, epochs=500))
        except TrainingError as error:
            errors.append(str(error))

    clicks = [threading.Thread(target=click, args=(name,)) for name in ("left", "right")]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert len(errors) == 1
    assert len(Run.all(root)) == 1
    process.active(root).request_stop()
    assert at_rest(Run.all(root)[0]) == "stopped"


def test_a_stopped_run_keeps_its_epochs_and_its_best_can_be_taken(films, root):
    run = process.begin(root, "stopped", config(films, epochs=1000))
    until_epoch(run, 2)
    run.request_stop()
    assert at_rest(run) == "stopped"
    assert "kept" in run.state().message
    kept = len(run.epochs())

    process.start(run, finish_only=True)
    assert at_rest(run) == "finished", run.log.read_text()
    assert len(run.epochs()) == kept
    assert (run.result / "card.json").is_file()


def test_a_killed_run_is_interrupted_and_can_be_resumed(films, root):
    run = process.begin(root, "killed", config(films, epochs=60))
    until_epoch(run, 1)
    os.kill(run.state().pid, signal.SIGKILL)
    assert at_rest(run) == "interrupted"
    before = len(run.epochs())
    assert before < 60

    process.start(run)
    assert at_rest(run) == "finished", run.log.read_text()
    assert [line["epoch"] for line in run.epochs()] == list(range(1, 61))


def test_a_run_that_cannot_be_read_ends_with_a_sentence_in_its_log(root, films):
    run = Run.create(root, "broken", config(films))
    (run.folder / "config.json").write_text("{")
    process.start(run)
    assert at_rest(run) in ("failed", "interrupted")
    assert "start a new run" in run.log.read_text()
