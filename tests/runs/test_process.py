import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from fracture_core.errors import TrainingError
from fracture_core.phantom import PhantomSettings, write_phantom_dataset
from fracture_core.registry.card import ModelCard
from fracture_core.runs import process, queue
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import ACTIVE_STATUSES, Run
from fracture_core.runs.steps import StepHistory

ROOT = Path(__file__).resolve().parents[2]

# Importing TensorFlow on a busy machine is most of it.
PATIENCE = 300


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    write_phantom_dataset(folder, PhantomSettings(40, seed=3, size=(128, 100)))
    return folder


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "runs"
    yield folder
    # A failed test must not leave a training behind, nor one that waits for its turn.
    (folder / "queue.json").unlink(missing_ok=True)
    for run in Run.all(folder):
        state = run.state()
        if state.status in ACTIVE_STATUSES:
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
    return until(run, lambda status: status not in ACTIVE_STATUSES)


def until_epoch(run: Run, number: int) -> None:
    end = time.monotonic() + PATIENCE
    while not any(line["epoch"] >= number for line in run.epochs()):
        assert run.state().status in ACTIVE_STATUSES, run.log.read_text()
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_run_is_trained_to_its_end_in_another_process(films, root, monkeypatch):
    monkeypatch.chdir("/")  # the package must be found from anywhere
    run = process.create_and_start(root, "first", config(films))
    state = run.state()
    assert state.status == "starting"
    assert state.pid not in (0, os.getpid())
    assert psutil.Process(state.pid).nice() >= 10
    assert os.getsid(state.pid) != os.getsid(0)
    assert process.active_run(root).name == "first"

    assert at_rest(run) == "finished", run.log.read_text()
    assert [line["epoch"] for line in run.epochs()] == [1, 2]
    assert StepHistory.load(run.steps).now.images_per_second > 0
    card = ModelCard.load(run.result / "card.json")
    assert card.test.n == 6
    assert "AUC" in run.state().message
    assert json.loads(run.log.read_text().splitlines()[-1])["run"] == "first"
    assert process.active_run(root) is None

    with pytest.raises(TrainingError, match="start a new run"):
        process.start_run(run)


def test_a_second_training_waits_and_starts_when_the_first_has_ended(films, root):
    """No app is open: the process that ends starts the next, also where it was stopped."""
    one = process.create_and_start(root, "one", config(films, epochs=500))
    two = process.create_and_start(root, "two", config(films, epochs=1))
    assert [run.name for run in queue.waiting_runs(root)] == ["two"]
    assert two.state().status == "new"
    with pytest.raises(TrainingError, match="one is being trained"):
        process.start_run(one)
    with pytest.raises(TrainingError, match="two does: let it wait"):
        process.start_run(two)
    with pytest.raises(TrainingError, match="same model"):
        process.create_and_start(root, "twin", config(films, epochs=1))
    assert not (root / "twin").exists()

    # Asked while it is still importing TensorFlow.
    one.request_stop()
    assert at_rest(one) == "stopped"
    until(two, lambda status: status in ACTIVE_STATUSES)
    assert queue.waiting_runs(root) == ()
    assert at_rest(two) == "finished", two.log.read_text()


_CLICK = """
import sys
from pathlib import Path
from fracture_core.training import process, queue
from fracture_core.runs.config import TrainingConfig
root, name, films, seed = sys.argv[1:]
sys.stdin.read(1)
process.begin(Path(root), name, TrainingConfig(films, "four_block", size=64, epochs=500, batch=8, seed=int(seed)))
"""


def test_two_starts_in_the_same_moment_by_two_processes_start_one(films, root):
    clicks = [
        subprocess.Popen(
            [sys.executable, "-c", _CLICK, root, name, films, seed], stdin=subprocess.PIPE, cwd=ROOT
        )
        for name, seed in (("left", "1"), ("right", "2"))
    ]
    for click in clicks:
        click.stdin.write(b"x")
        click.stdin.close()
    assert [click.wait(PATIENCE) for click in clicks] == [0, 0]
    assert [run.state().status for run in Run.all(root)].count("starting") == 1
    (second,) = queue.waiting_runs(root)
    first = process.active_run(root)
    assert {first.name, second.name} == {"left", "right"}
    queue.remove_from_queue(root, second.name)
    first.request_stop()
    assert at_rest(first) == "stopped"
    assert process.active_run(root) is None


def test_of_a_killed_training_the_keeper_starts_the_next(films, root):
    """Also after a restart of the app: the queue lies on the disk."""
    one = process.create_and_start(root, "one", config(films, epochs=500))
    two = process.create_and_start(root, "two", config(films, epochs=400))
    os.kill(one.state().pid, signal.SIGKILL)
    assert at_rest(one) == "interrupted"
    assert two.state().status == "new"
    process.watch_queue(lambda: root)
    until(two, lambda status: status in ACTIVE_STATUSES)
    two.request_stop()
    assert at_rest(two) == "stopped"


def test_what_cannot_be_started_is_told_and_the_next_has_its_turn(films, root, monkeypatch):
    for name in ("gone", "first", "second"):
        Run.create(root, name, config(films))
    with queue.locked_queue(root) as line:
        line += [queue.WaitingRun(name) for name in ("gone", "first", "second")]
    shutil.rmtree(root / "gone")

    def launch(command, log):
        if "first" in command:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
        return os.getpid()

    monkeypatch.setattr(process.background, "start_process", launch)
    process.start_next(root)
    assert Run(root / "first").state().status == "failed"
    assert "free memory or disk space" in Run(root / "first").state().message
    assert process.active_run(root).name == "second"
    assert queue.waiting_runs(root) == ()
    (root / "second" / "state.json").unlink()
    with pytest.raises(TrainingError, match="Cannot allocate memory"):
        process.start_run(Run(root / "first"))


def full(*_given, **_more):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def launched(monkeypatch):
    """In place of trainings, processes that only wait."""
    children = []

    def launch(_command, _log):
        children.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        return children[-1].pid

    monkeypatch.setattr(process.background, "start_process", launch)
    yield children
    for child in children:
        child.kill()
        child.communicate()


def test_on_a_full_disk_nothing_is_started_and_who_waits_keeps_the_place(films, root, launched, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Run, "set_state", full)
        patch.setattr(queue, "write_atomically", full)
        with pytest.raises(TrainingError, match="No space left on device”: free memory or disk space"):
            process.create_and_start(root, "one", config(films))
    assert Run(root / "one").state().status == "new"
    with queue.locked_queue(root) as line:
        line.append(queue.WaitingRun("one"))
    with monkeypatch.context() as patch:
        patch.setattr(Run, "set_state", full)
        patch.setattr(queue, "write_atomically", full)
        for _look in range(2):
            with pytest.raises(TrainingError, match="No space left on device"):
                process.start_next(root)
        with pytest.raises(TrainingError, match="No space left on device”: free some space and try again"):
            process.claim_turn(root, "one")
    assert launched == []
    assert queue.queue_position(root, "one") == 1
    process.start_next(root)
    assert process.active_run(root).state().pid == launched[0].pid


def test_a_disk_that_is_full_after_the_start_ends_the_process(films, root, launched, monkeypatch):
    write = Run.set_state

    def set_state(run, status, message="", pid=None):
        if launched:
            full()
        write(run, status, message, pid)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "set_state", set_state)
        with pytest.raises(TrainingError, match="No space left on device"):
            process.create_and_start(root, "one", config(films))
    assert launched[0].wait(30) != 0
    assert Run(root / "one").state().status == "interrupted"
    process.start_run(Run(root / "one"))
    assert process.active_run(root).state().pid == launched[1].pid


def test_a_process_whose_starter_was_killed_leaves_the_queue(films, root):
    """The queue was not written any more when the process had been started already."""
    run = Run.create(root, "mine", config(films))
    with queue.locked_queue(root) as line:
        line += [queue.WaitingRun("mine"), queue.WaitingRun("next")]
    run.set_state("starting", pid=os.getpid())
    assert process.claim_turn(root, "mine").name == "mine"
    run.set_state("stopped")
    assert queue.waiting_runs(root) == (queue.WaitingRun("next"),)


def test_a_terminal_takes_the_turn_or_is_refused(films, root):
    run = process.claim_turn(root, "mine", config(films))
    assert (run.state().status, run.state().pid) == ("starting", os.getpid())
    assert process.claim_turn(root, "mine").name == "mine"
    with pytest.raises(TrainingError, match="mine is being trained: add --queue"):
        process.claim_turn(root, "other", config(films))
    assert not (root / "other").exists()
    run.set_state("finished")
    with pytest.raises(TrainingError, match="mine is finished"):
        process.claim_turn(root, "mine")
    assert run.state().status == "finished"


def test_a_stopped_run_keeps_its_epochs_and_its_best_can_be_taken(films, root):
    run = process.create_and_start(root, "stopped", config(films, epochs=1000))
    until_epoch(run, 2)
    run.request_stop()
    assert at_rest(run) == "stopped"
    assert "kept" in run.state().message
    kept = len(run.epochs())

    process.start_run(run, finish_only=True)
    assert at_rest(run) == "finished", run.log.read_text()
    assert len(run.epochs()) == kept
    assert (run.result / "card.json").is_file()


def test_a_run_that_cannot_be_read_ends_with_a_sentence_in_its_log(root, films):
    run = Run.create(root, "broken", config(films))
    (run.folder / "config.json").write_text("{")
    process.start_run(run)
    assert at_rest(run) in ("failed", "interrupted")
    assert "start a new run" in run.log.read_text()
