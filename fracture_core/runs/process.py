"""Background processes of trainings: one run is trained at a time, the others wait in the queue."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from fracture_core.errors import TrainingError
from fracture_core.jobs import background
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.queue import WaitingRun, locked_queue, waiting_runs
from fracture_core.runs.run import ACTIVE_STATUSES, Run

# Seconds between two checks of the queue.
_WATCH_SECONDS = 3.0


def active_run(root: Path) -> Run | None:
    """Return the run that is being trained; None if there is none."""
    return next((run for run in Run.all(root) if run.state().status in ACTIVE_STATUSES), None)


def active_and_waiting(root: Path) -> Iterator[TrainingConfig]:
    """Yield the settings of the active run and of the waiting ones; those that cannot be read are left out."""
    for _, config in _active_and_waiting_runs(root):
        yield config


def find_equal_run(root: Path, config: TrainingConfig) -> Run | None:
    """Return an active or waiting run with the same settings; None if there is none."""
    return next((run for run, other in _active_and_waiting_runs(root) if other == config), None)


def _active_and_waiting_runs(root: Path) -> Iterator[tuple[Run, TrainingConfig]]:
    active = active_run(root)
    for run in [*([active] if active else []), *(Run(root / entry.name) for entry in waiting_runs(root))]:
        with contextlib.suppress(TrainingError):
            yield run, run.config()


def create_and_start(root: Path, name: str, config: TrainingConfig) -> Run:
    """Create a run, and start it or put it in the queue.

    Args:
        root: folder of all runs.
        name: name of the new run.
        config: its settings.

    Returns:
        The run, active or waiting.

    Raises:
        TrainingError: an active or waiting run has the same settings, the name is taken or not valid, or no process can
            be started.
    """
    with locked_queue(root) as waiting:
        same = find_equal_run(root, config)
        if same is not None:
            raise TrainingError(
                f"{same.name} has the same settings and would give the same model. Change a setting, such as the seed."
            )
        run = Run.create(root, name, config)
        waiting.append(WaitingRun(name))
        _advance_for(run, root, waiting)
    return run


def start_run(run: Run, finish_only: bool = False) -> None:
    """Start a run in a background process, or put it in the queue; returns at once.

    Args:
        run: a new, stopped, failed or interrupted run.
        finish_only: whether to make a model of the best epoch so far instead of training further.

    Raises:
        TrainingError: the run is active, waits, is finished or has no settings, or no process can be started.
    """
    root = run.folder.parent
    with locked_queue(root) as waiting:
        if run.state().status in ACTIVE_STATUSES:
            raise TrainingError(f"{run.name} is being trained already. Wait for it, or stop it.")
        run.check_unfinished()
        if not run.is_complete:
            raise TrainingError(f"{run.name} has no settings: config.json is missing. Delete the run.")
        if any(entry.name == run.name for entry in waiting):
            raise TrainingError(f"{run.name} is in the queue already. It starts when its turn comes.")
        waiting.append(WaitingRun(run.name, finish_only))
        _advance_for(run, root, waiting)


def claim_turn(root: Path, name: str, config: TrainingConfig | None = None) -> Run:
    """Claim the turn to train for this process; a process that was started for the run has it already.

    Args:
        root: folder of all runs.
        name: name of the run.
        config: settings of a new run; None for an existing run.

    Returns:
        The run.

    Raises:
        TrainingError: another run is active, another process works on this one, it is finished, it does not exist, or
            its name is taken.
    """
    with locked_queue(root) as waiting:
        other = active_run(root)
        if other is not None and other.name == name and config is None and other.state().pid == os.getpid():
            # The entry is still there if the starting process was killed before it wrote the queue.
            waiting[:] = [entry for entry in waiting if entry.name != name]
            return other
        if other is not None:
            raise TrainingError(
                f"{other.name} is being trained, and only one run is trained at a time. Add --queue to wait for it, or "
                "stop it."
            )
        # Created after the checks, so that a refused start leaves no empty run.
        run = Run.open(root, name) if config is None else Run.create(root, name, config)
        run.check_unfinished()
        waiting[:] = [entry for entry in waiting if entry.name != name]
        run.clear_stop_request()
        run.set_state("starting", "Reading the images.")
    return run


def start_next(root: Path) -> None:
    """Start the next waiting run if none is active.

    Called when a training ends, and regularly by the app, because a killed process cannot call it.

    Args:
        root: folder of all runs.

    Raises:
        TrainingError: the folder cannot be written.
    """
    if waiting_runs(root):
        with locked_queue(root) as waiting:
            _advance(root, waiting)


def watch_queue(root: Callable[[], Path]) -> threading.Thread:
    """Start waiting runs for as long as this process lives.

    Args:
        root: returns the folder of all runs.

    Returns:
        The thread that checks the queue.
    """

    def check_repeatedly() -> None:
        while True:
            with contextlib.suppress(TrainingError):  # the folder may be writable again later
                start_next(root())
            time.sleep(_WATCH_SECONDS)

    thread = threading.Thread(target=check_repeatedly, name="training queue", daemon=True)
    thread.start()
    return thread


def _advance_for(run: Run, root: Path, waiting: list[WaitingRun]) -> None:
    """Advance the queue; raise the error if this run cannot be started."""
    error = _advance(root, waiting).get(run.name)
    if error is not None:
        raise error


def _advance(root: Path, waiting: list[WaitingRun]) -> dict[str, TrainingError]:
    """Start the first waiting run that can be started; return the errors of the others by name."""
    errors: dict[str, TrainingError] = {}
    while waiting and active_run(root) is None:
        first = waiting.pop(0)
        run = Run(root / first.name)
        # Deleted by hand, or finished from the command line meanwhile.
        if not run.is_complete or run.state().status == "finished":
            continue
        try:
            _launch(run, first.finish_only)
        except TrainingError as error:
            errors[first.name] = error
            try:
                run.set_state("failed", str(error))
            except OSError:
                # The disk is full, so the next run could not be started either.
                break
    return errors


def _launch(run: Run, finish_only: bool) -> None:
    root = str(run.folder.parent.resolve())
    command = ["train", "--resume", "--run", run.name, "--runs", root, *(["--finish"] if finish_only else [])]
    message = "Loading TensorFlow and reading the images."
    try:
        # Cleared here and not by the child, so that a request during the child's imports counts.
        run.clear_stop_request()
        # Written before the process exists: if this fails, none is started.
        run.set_state("starting", message, pid=0)
        pid = background.start_process(command, run.log)
        try:
            run.set_state("starting", message, pid=pid)
        except OSError:
            # The caller reports that nothing was started.
            with contextlib.suppress(psutil.Error):
                psutil.Process(pid).kill()
            raise
    except OSError as error:
        raise TrainingError(
            f"The training process cannot be started ({error.strerror}). Free memory or disk space, then resume "
            "the run."
        ) from error
