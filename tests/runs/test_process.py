"""Background processes of trainings, and the queue that starts them."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
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
def phantom_dataset(tmp_path_factory):
    """A folder of 40 phantoms."""
    folder = tmp_path_factory.mktemp("dataset")
    write_phantom_dataset(folder, PhantomSettings(40, seed=3, size=(128, 100)))
    return folder


@pytest.fixture
def cleaned_runs_folder(tmp_path):
    """A folder of runs; its processes are killed after the test."""
    folder = tmp_path / "runs"
    yield folder
    # A failed test must not leave an active or waiting run.
    (folder / "queue.json").unlink(missing_ok=True)
    for run in Run.all(folder):
        state = run.state()
        if state.status in ACTIVE_STATUSES:
            psutil.Process(state.pid).kill()


def make_config(dataset: Path, epochs: int = 2, **options) -> TrainingConfig:
    return TrainingConfig(
        data=str(dataset),
        architecture="small_fcn",
        size=64,
        epochs=epochs,
        batch=8,
        patience=1000,
        **options,
    )


def wait_for_status(run: Run, is_expected: Callable[[str], bool]) -> str:
    """Wait for an expected status and return it."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        status = run.state().status
        if is_expected(status):
            return status
        time.sleep(0.1)
    pytest.fail(f"still {run.state()} after {TIMEOUT} s; log: {run.log.read_text()[-2000:]}")


def wait_until_inactive(run: Run) -> str:
    return wait_for_status(run, lambda status: status not in ACTIVE_STATUSES)


def wait_for_epoch(run: Run, number: int) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not any(line["epoch"] >= number for line in run.epochs()):
        assert run.state().status in ACTIVE_STATUSES, run.log.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_background_runs_are_queued_stopped_and_finished(phantom_dataset, cleaned_runs_folder, monkeypatch):
    """No app is open: a process that ends, or is stopped, starts the next."""
    monkeypatch.chdir("/")  # the package must be found from anywhere
    one = process.create_and_start(cleaned_runs_folder, "one", make_config(phantom_dataset, epochs=500))
    state = one.state()
    assert state.status == "starting"
    assert state.pid not in (0, os.getpid())
    assert psutil.Process(state.pid).nice() >= 10
    assert os.getsid(state.pid) != os.getsid(0)
    assert process.active_run(cleaned_runs_folder).name == "one"

    two = process.create_and_start(cleaned_runs_folder, "two", make_config(phantom_dataset, epochs=1000))
    assert [run.name for run in queue.waiting_runs(cleaned_runs_folder)] == ["two"]
    assert two.state().status == "new"
    with pytest.raises(TrainingError, match="one is being trained"):
        process.start_run(one)
    with pytest.raises(TrainingError, match="two is in the queue already"):
        process.start_run(two)
    with pytest.raises(TrainingError, match="same model"):
        process.create_and_start(cleaned_runs_folder, "twin", make_config(phantom_dataset, epochs=1000))
    assert not (cleaned_runs_folder / "twin").exists()

    # Requested while it still imports TensorFlow.
    one.request_stop()
    assert wait_until_inactive(one) == "stopped", (one.state(), one.log.read_text())
    wait_for_status(two, lambda status: status in ACTIVE_STATUSES)
    assert queue.waiting_runs(cleaned_runs_folder) == ()

    # A stopped run keeps its epochs and can be finished.
    wait_for_epoch(two, 2)
    two.request_stop()
    assert wait_until_inactive(two) == "stopped"
    epochs_before = [line["epoch"] for line in two.epochs()]
    assert epochs_before == list(range(1, len(epochs_before) + 1))
    assert two.state().message == f"Stopped. Completed epochs: {len(epochs_before)}."
    assert StepHistory.load(two.steps).now.images_per_second > 0
    process.start_run(two, finish_only=True)
    assert wait_until_inactive(two) == "finished", two.log.read_text()
    assert [line["epoch"] for line in two.epochs()] == epochs_before
    assert ModelCard.load(two.result / "card.json").test.n == 6
    assert "AUC" in two.state().message
    assert json.loads(two.log.read_text().splitlines()[-1])["run"] == "two"
    assert process.active_run(cleaned_runs_folder) is None
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


def test_simultaneous_starts_by_two_processes_start_one(phantom_dataset, cleaned_runs_folder):
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", _START_SCRIPT, cleaned_runs_folder, name, phantom_dataset, seed],
            stdin=subprocess.PIPE,
            cwd=ROOT,
        )
        for name, seed in (("left", "1"), ("right", "2"))
    ]
    for start in starts:
        start.stdin.write(b"x")
        start.stdin.close()
    assert [start.wait(TIMEOUT) for start in starts] == [0, 0]
    assert [run.state().status for run in Run.all(cleaned_runs_folder)].count("starting") == 1
    (second,) = queue.waiting_runs(cleaned_runs_folder)
    first = process.active_run(cleaned_runs_folder)
    assert {first.name, second.name} == {"left", "right"}
    queue.remove_from_queue(cleaned_runs_folder, second.name)
    os.kill(first.state().pid, signal.SIGKILL)
    assert wait_until_inactive(first) == "interrupted"
    assert process.active_run(cleaned_runs_folder) is None


def test_watcher_starts_the_next_run_after_a_killed_one(phantom_dataset, cleaned_runs_folder):
    """Also after a restart of the app, because the queue is a file."""
    one = process.create_and_start(cleaned_runs_folder, "one", make_config(phantom_dataset, epochs=500))
    two = process.create_and_start(cleaned_runs_folder, "two", make_config(phantom_dataset, epochs=400))
    os.kill(one.state().pid, signal.SIGKILL)
    assert wait_until_inactive(one) == "interrupted"
    assert two.state().status == "new"
    process.watch_queue(lambda: cleaned_runs_folder)
    wait_for_status(two, lambda status: status in ACTIVE_STATUSES)
    assert queue.waiting_runs(cleaned_runs_folder) == ()
    os.kill(two.state().pid, signal.SIGKILL)
    assert wait_until_inactive(two) == "interrupted"


def test_failed_start_is_reported_and_the_next_run_starts(phantom_dataset, cleaned_runs_folder, monkeypatch):
    for name in ("gone", "first", "second"):
        Run.create(cleaned_runs_folder, name, make_config(phantom_dataset))
    with queue.locked_queue(cleaned_runs_folder) as waiting:
        waiting += [queue.WaitingRun(name) for name in ("gone", "first", "second")]
    shutil.rmtree(cleaned_runs_folder / "gone")

    def launch(command, log):
        if "first" in command:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
        return os.getpid()

    monkeypatch.setattr(process.background, "start_process", launch)
    process.start_next(cleaned_runs_folder)
    assert Run(cleaned_runs_folder / "first").state().status == "failed"
    assert "Free memory or disk space" in Run(cleaned_runs_folder / "first").state().message
    assert process.active_run(cleaned_runs_folder).name == "second"
    assert queue.waiting_runs(cleaned_runs_folder) == ()
    (cleaned_runs_folder / "second" / "state.json").unlink()
    with pytest.raises(TrainingError, match="Cannot allocate memory"):
        process.start_run(Run(cleaned_runs_folder / "first"))


def fail_with_full_disk(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def waiting_processes(monkeypatch):
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


def test_full_disk_starts_nothing_and_keeps_the_queue(
    phantom_dataset, cleaned_runs_folder, waiting_processes, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(Run, "set_state", fail_with_full_disk)
        patch.setattr(queue, "write_atomically", fail_with_full_disk)
        with pytest.raises(TrainingError, match=r"No space left on device\). Free memory or disk space"):
            process.create_and_start(cleaned_runs_folder, "one", make_config(phantom_dataset))
    assert Run(cleaned_runs_folder / "one").state().status == "new"
    with queue.locked_queue(cleaned_runs_folder) as waiting:
        waiting.append(queue.WaitingRun("one"))
    with monkeypatch.context() as patch:
        patch.setattr(Run, "set_state", fail_with_full_disk)
        patch.setattr(queue, "write_atomically", fail_with_full_disk)
        for _attempt in range(2):
            with pytest.raises(TrainingError, match="No space left on device"):
                process.start_next(cleaned_runs_folder)
        with pytest.raises(
            TrainingError, match=r"No space left on device\). Free some disk space and try again"
        ):
            process.claim_turn(cleaned_runs_folder, "one")
    assert waiting_processes == []
    assert queue.queue_position(cleaned_runs_folder, "one") == 1
    process.start_next(cleaned_runs_folder)
    assert process.active_run(cleaned_runs_folder).state().pid == waiting_processes[0].pid


def test_full_disk_after_the_start_ends_the_process(
    phantom_dataset, cleaned_runs_folder, waiting_processes, monkeypatch
):
    write = Run.set_state

    def set_state(run, status, message="", pid=None):
        if waiting_processes:
            fail_with_full_disk()
        write(run, status, message, pid)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "set_state", set_state)
        with pytest.raises(TrainingError, match="No space left on device"):
            process.create_and_start(cleaned_runs_folder, "one", make_config(phantom_dataset))
    assert waiting_processes[0].wait(30) != 0
    assert Run(cleaned_runs_folder / "one").state().status == "interrupted"
    process.start_run(Run(cleaned_runs_folder / "one"))
    assert process.active_run(cleaned_runs_folder).state().pid == waiting_processes[1].pid


def test_started_process_leaves_the_queue_if_its_starter_was_killed(phantom_dataset, cleaned_runs_folder):
    """The starter was killed after it started the process and before it wrote the queue."""
    run = Run.create(cleaned_runs_folder, "mine", make_config(phantom_dataset))
    with queue.locked_queue(cleaned_runs_folder) as waiting:
        waiting += [queue.WaitingRun("mine"), queue.WaitingRun("next")]
    run.set_state("starting", pid=os.getpid())
    assert process.claim_turn(cleaned_runs_folder, "mine").name == "mine"
    run.set_state("stopped")
    assert queue.waiting_runs(cleaned_runs_folder) == (queue.WaitingRun("next"),)


def test_terminal_claims_the_turn_or_is_refused(phantom_dataset, cleaned_runs_folder):
    run = process.claim_turn(cleaned_runs_folder, "mine", make_config(phantom_dataset))
    assert (run.state().status, run.state().pid) == ("starting", os.getpid())
    assert process.claim_turn(cleaned_runs_folder, "mine").name == "mine"
    with pytest.raises(TrainingError, match=r"mine is being trained, .* Add --queue"):
        process.claim_turn(cleaned_runs_folder, "other", make_config(phantom_dataset))
    assert not (cleaned_runs_folder / "other").exists()
    run.set_state("finished")
    with pytest.raises(TrainingError, match="mine is finished"):
        process.claim_turn(cleaned_runs_folder, "mine")
    assert run.state().status == "finished"


def test_damaged_settings_end_with_an_error_in_the_log(cleaned_runs_folder, phantom_dataset):
    run = Run.create(cleaned_runs_folder, "broken", make_config(phantom_dataset))
    (run.folder / "config.json").write_text("{")
    process.start_run(run)
    assert wait_until_inactive(run) in ("failed", "interrupted")
    assert "Start a new run" in run.log.read_text()
