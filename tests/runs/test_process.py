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

# Seconds; importing TensorFlow on a busy machine takes most of it.
TIMEOUT = 300


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset")
    write_phantom_dataset(folder, PhantomSettings(40, seed=3, size=(128, 100)))
    return folder


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "runs"
    yield folder
    # A failed test must not leave an active or waiting run.
    (folder / "queue.json").unlink(missing_ok=True)
    for run in Run.all(folder):
        state = run.state()
        if state.status in ACTIVE_STATUSES:
            psutil.Process(state.pid).kill()


def config(dataset: Path, epochs: int = 2, **others) -> TrainingConfig:
    return TrainingConfig(
        data=str(dataset), architecture="small_fcn", size=64, epochs=epochs, batch=8, patience=1000, **others
    )


def until(run: Run, wanted) -> str:
    """Wait for a status; return it."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        status = run.state().status
        if wanted(status):
            return status
        time.sleep(0.1)
    pytest.fail(f"still {run.state()} after {TIMEOUT} s; log: {run.log.read_text()[-2000:]}")


def wait_until_inactive(run: Run) -> str:
    return until(run, lambda status: status not in ACTIVE_STATUSES)


def until_epoch(run: Run, number: int) -> None:
    end = time.monotonic() + TIMEOUT
    while not any(line["epoch"] >= number for line in run.epochs()):
        assert run.state().status in ACTIVE_STATUSES, run.log.read_text()
        assert time.monotonic() < end
        time.sleep(0.05)


def test_background_runs_are_queued_stopped_and_finished(dataset, root, monkeypatch):
    """No app is open: a process that ends, or is stopped, starts the next."""
    monkeypatch.chdir("/")  # the package must be found from anywhere
    one = process.create_and_start(root, "one", config(dataset, epochs=500))
    state = one.state()
    assert state.status == "starting"
    assert state.pid not in (0, os.getpid())
    assert psutil.Process(state.pid).nice() >= 10
    assert os.getsid(state.pid) != os.getsid(0)
    assert process.active_run(root).name == "one"

    two = process.create_and_start(root, "two", config(dataset, epochs=1000))
    assert [run.name for run in queue.waiting_runs(root)] == ["two"]
    assert two.state().status == "new"
    with pytest.raises(TrainingError, match="one is being trained"):
        process.start_run(one)
    with pytest.raises(TrainingError, match="two is in the queue already"):
        process.start_run(two)
    with pytest.raises(TrainingError, match="same model"):
        process.create_and_start(root, "twin", config(dataset, epochs=1000))
    assert not (root / "twin").exists()

    # Requested while it still imports TensorFlow.
    one.request_stop()
    assert wait_until_inactive(one) == "stopped"
    until(two, lambda status: status in ACTIVE_STATUSES)
    assert queue.waiting_runs(root) == ()

    # A stopped run keeps its epochs and can be finished.
    until_epoch(two, 2)
    two.request_stop()
    assert wait_until_inactive(two) == "stopped"
    kept = [line["epoch"] for line in two.epochs()]
    assert kept == list(range(1, len(kept) + 1))
    assert two.state().message == f"Stopped. Completed epochs: {len(kept)}."
    assert StepHistory.load(two.steps).now.images_per_second > 0
    process.start_run(two, finish_only=True)
    assert wait_until_inactive(two) == "finished", two.log.read_text()
    assert [line["epoch"] for line in two.epochs()] == kept
    assert ModelCard.load(two.result / "card.json").test.n == 6
    assert "AUC" in two.state().message
    assert json.loads(two.log.read_text().splitlines()[-1])["run"] == "two"
    assert process.active_run(root) is None
    with pytest.raises(TrainingError, match="start a new run"):
        process.start_run(two)


_START_SCRIPT = """
import sys
from pathlib import Path
from fracture_core.runs import process
from fracture_core.runs.config import TrainingConfig
root, name, dataset, seed = sys.argv[1:]
sys.stdin.read(1)
config = TrainingConfig(dataset, "four_block", size=64, epochs=500, batch=8, seed=int(seed))
process.create_and_start(Path(root), name, config)
"""


def test_simultaneous_starts_by_two_processes_start_one(dataset, root):
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", _START_SCRIPT, root, name, dataset, seed], stdin=subprocess.PIPE, cwd=ROOT
        )
        for name, seed in (("left", "1"), ("right", "2"))
    ]
    for start in starts:
        start.stdin.write(b"x")
        start.stdin.close()
    assert [start.wait(TIMEOUT) for start in starts] == [0, 0]
    assert [run.state().status for run in Run.all(root)].count("starting") == 1
    (second,) = queue.waiting_runs(root)
    first = process.active_run(root)
    assert {first.name, second.name} == {"left", "right"}
    queue.remove_from_queue(root, second.name)
    os.kill(first.state().pid, signal.SIGKILL)
    assert wait_until_inactive(first) == "interrupted"
    assert process.active_run(root) is None


def test_watcher_starts_the_next_run_after_a_killed_one(dataset, root):
    """Also after a restart of the app, because the queue is a file."""
    one = process.create_and_start(root, "one", config(dataset, epochs=500))
    two = process.create_and_start(root, "two", config(dataset, epochs=400))
    os.kill(one.state().pid, signal.SIGKILL)
    assert wait_until_inactive(one) == "interrupted"
    assert two.state().status == "new"
    process.watch_queue(lambda: root)
    until(two, lambda status: status in ACTIVE_STATUSES)
    assert queue.waiting_runs(root) == ()
    os.kill(two.state().pid, signal.SIGKILL)
    assert wait_until_inactive(two) == "interrupted"


def test_failed_start_is_reported_and_the_next_run_starts(dataset, root, monkeypatch):
    for name in ("gone", "first", "second"):
        Run.create(root, name, config(dataset))
    with queue.locked_queue(root) as waiting:
        waiting += [queue.WaitingRun(name) for name in ("gone", "first", "second")]
    shutil.rmtree(root / "gone")

    def launch(command, log):
        if "first" in command:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
        return os.getpid()

    monkeypatch.setattr(process.background, "start_process", launch)
    process.start_next(root)
    assert Run(root / "first").state().status == "failed"
    assert "Free memory or disk space" in Run(root / "first").state().message
    assert process.active_run(root).name == "second"
    assert queue.waiting_runs(root) == ()
    (root / "second" / "state.json").unlink()
    with pytest.raises(TrainingError, match="Cannot allocate memory"):
        process.start_run(Run(root / "first"))


def full(*_given, **_more):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def launched(monkeypatch):
    """Replace trainings with processes that only wait."""
    children = []

    def launch(_command, _log):
        children.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        return children[-1].pid

    monkeypatch.setattr(process.background, "start_process", launch)
    yield children
    for child in children:
        child.kill()
        child.communicate()


def test_full_disk_starts_nothing_and_keeps_the_queue(dataset, root, launched, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Run, "set_state", full)
        patch.setattr(queue, "write_atomically", full)
        with pytest.raises(TrainingError, match=r"No space left on device\). Free memory or disk space"):
            process.create_and_start(root, "one", config(dataset))
    assert Run(root / "one").state().status == "new"
    with queue.locked_queue(root) as waiting:
        waiting.append(queue.WaitingRun("one"))
    with monkeypatch.context() as patch:
        patch.setattr(Run, "set_state", full)
        patch.setattr(queue, "write_atomically", full)
        for _attempt in range(2):
            with pytest.raises(TrainingError, match="No space left on device"):
                process.start_next(root)
        with pytest.raises(
            TrainingError, match=r"No space left on device\). Free some disk space and try again"
        ):
            process.claim_turn(root, "one")
    assert launched == []
    assert queue.queue_position(root, "one") == 1
    process.start_next(root)
    assert process.active_run(root).state().pid == launched[0].pid


def test_full_disk_after_the_start_ends_the_process(dataset, root, launched, monkeypatch):
    write = Run.set_state

    def set_state(run, status, message="", pid=None):
        if launched:
            full()
        write(run, status, message, pid)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "set_state", set_state)
        with pytest.raises(TrainingError, match="No space left on device"):
            process.create_and_start(root, "one", config(dataset))
    assert launched[0].wait(30) != 0
    assert Run(root / "one").state().status == "interrupted"
    process.start_run(Run(root / "one"))
    assert process.active_run(root).state().pid == launched[1].pid


def test_started_process_leaves_the_queue_if_its_starter_was_killed(dataset, root):
    """The starter was killed after it started the process and before it wrote the queue."""
    run = Run.create(root, "mine", config(dataset))
    with queue.locked_queue(root) as waiting:
        waiting += [queue.WaitingRun("mine"), queue.WaitingRun("next")]
    run.set_state("starting", pid=os.getpid())
    assert process.claim_turn(root, "mine").name == "mine"
    run.set_state("stopped")
    assert queue.waiting_runs(root) == (queue.WaitingRun("next"),)


def test_terminal_claims_the_turn_or_is_refused(dataset, root):
    run = process.claim_turn(root, "mine", config(dataset))
    assert (run.state().status, run.state().pid) == ("starting", os.getpid())
    assert process.claim_turn(root, "mine").name == "mine"
    with pytest.raises(TrainingError, match=r"mine is being trained, .* Add --queue"):
        process.claim_turn(root, "other", config(dataset))
    assert not (root / "other").exists()
    run.set_state("finished")
    with pytest.raises(TrainingError, match="mine is finished"):
        process.claim_turn(root, "mine")
    assert run.state().status == "finished"


def test_damaged_settings_end_with_an_error_in_the_log(root, dataset):
    run = Run.create(root, "broken", config(dataset))
    (run.folder / "config.json").write_text("{")
    process.start_run(run)
    assert wait_until_inactive(run) in ("failed", "interrupted")
    assert "Start a new run" in run.log.read_text()
