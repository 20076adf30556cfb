"""A training in a process of its own, which outlives the page that started it; one at a time, the others wait."""

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

# Seconds between two looks of a keeper.
_WATCH_SECONDS = 3.0


def active_run(root: Path) -> Run | None:
    """The run below a folder that a process is at work on; None where all are at rest."""
    return next((run for run in Run.all(root) if run.state().status in ACTIVE_STATUSES), None)


def active_and_waiting(root: Path) -> Iterator[TrainingConfig]:
    """The settings of the run that is at work and of those that wait; those that cannot be read are left out."""
    for _, config in _under_way(root):
        yield config


def find_equal_run(root: Path, config: TrainingConfig) -> Run | None:
    """A run that is at work or waits with these very settings; None where there is none."""
    return next((run for run, other in _under_way(root) if other == config), None)


def _under_way(root: Path) -> Iterator[tuple[Run, TrainingConfig]]:
    busy = active_run(root)
    for run in [*([busy] if busy else []), *(Run(root / one.name) for one in waiting_runs(root))]:
        with contextlib.suppress(TrainingError):
            yield run, run.config()


def create_and_start(root: Path, name: str, config: TrainingConfig) -> Run:
    """Makes a new run and starts it, or has it wait for its turn.

    Args:
        root: where runs lie.
        name: of the new run.
        config: what it is asked to do.

    Returns:
        The run, at work or waiting.

    Raises:
        TrainingError: a run that is at work or waits does the same, the name is taken or unfit, or no process can be
            started.
    """
    with locked_queue(root) as line:
        same = find_equal_run(root, config)
        if same is not None:
            raise TrainingError(
                f"Expected other settings than those of {same.name}, which is being trained or waits and will give the "
                "same model: change something, the seed for instance."
            )
        run = Run.create(root, name, config)
        line.append(WaitingRun(name))
        _advance_for(run, root, line)
    return run


def start_run(run: Run, finish_only: bool = False) -> None:
    """Starts work on a run in a process of its own, or has it wait for its turn, and returns at once.

    Args:
        run: a new, stopped, failed or interrupted run.
        finish_only: whether to take the best epoch so far instead of training on.

    Raises:
        TrainingError: this run is at work, waits, is finished or lost its settings, or no process can be started.
    """
    root = run.folder.parent
    with locked_queue(root) as line:
        if run.state().status in ACTIVE_STATUSES:
            raise TrainingError(
                f"Expected a run at rest, but {run.name} is being trained: wait for it or stop it."
            )
        run.check_unfinished()
        if not run.is_complete:
            raise TrainingError(
                f"Expected the settings of {run.name} in its folder, but config.json is gone: delete the run."
            )
        if any(one.name == run.name for one in line):
            raise TrainingError(f"Expected a run that does not wait yet, but {run.name} does: let it wait.")
        line.append(WaitingRun(run.name, finish_only))
        _advance_for(run, root, line)


def claim_turn(root: Path, name: str, config: TrainingConfig | None = None) -> Run:
    """Takes the turn for this very process; one that was started for the run has it already.

    Args:
        root: where runs lie.
        name: of the run.
        config: makes a new run of these settings; None for a run that exists.

    Returns:
        The run.

    Raises:
        TrainingError: another run is at work, another process is at work on this one, it is finished, there is none,
            or its name is taken.
    """
    with locked_queue(root) as line:
        other = active_run(root)
        if other is not None and other.name == name and config is None and other.state().pid == os.getpid():
            # Still there where whoever started this process was killed before the queue was written.
            line[:] = [one for one in line if one.name != name]
            return other
        if other is not None:
            raise TrainingError(
                f"Expected no other training on this computer, but {other.name} is being trained: add --queue to have "
                "this one wait, or stop the other."
            )
        # Asked first: a refused start leaves no empty run behind.
        run = Run.open(root, name) if config is None else Run.create(root, name, config)
        run.check_unfinished()
        line[:] = [one for one in line if one.name != name]
        run.clear_stop_request()
        run.set_state("starting", "Reading the films.")
    return run


def start_next(root: Path) -> None:
    """Starts the next of those who wait, where nobody is at work.

    Called when a training ends, and now and then by the app: a process that was killed calls nobody.

    Raises:
        TrainingError: the folder of runs cannot be written.
    """
    if waiting_runs(root):
        with locked_queue(root) as line:
            _advance(root, line)


def watch_queue(root: Callable[[], Path]) -> threading.Thread:
    """Looks after the queue for as long as this process lives.

    Args:
        root: says where runs lie.

    Returns:
        The thread that looks.
    """

    def look() -> None:
        while True:
            with contextlib.suppress(TrainingError):  # a folder that cannot be written now may be later
                start_next(root())
            time.sleep(_WATCH_SECONDS)

    thread = threading.Thread(target=look, name="keeps the queue of trainings", daemon=True)
    thread.start()
    return thread


def _advance_for(run: Run, root: Path, line: list[WaitingRun]) -> None:
    """Goes on with the queue; whoever asked for this run is told at once where it cannot be started."""
    refused = _advance(root, line).get(run.name)
    if refused is not None:
        raise refused


def _advance(root: Path, line: list[WaitingRun]) -> dict[str, TrainingError]:
    """Starts the first that can be, with the queue locked; returns those that could not, by name."""
    refused: dict[str, TrainingError] = {}
    while line and active_run(root) is None:
        first = line.pop(0)
        run = Run(root / first.name)
        # Deleted by hand, or finished from the command line meanwhile.
        if not run.is_complete or run.state().status == "finished":
            continue
        try:
            _launch(run, first.finish_only)
        except TrainingError as error:
            refused[first.name] = error
            try:
                run.set_state("failed", str(error))
            except OSError:
                # The disk is full: the next would fare no better.
                break
    return refused


def _launch(run: Run, finish_only: bool) -> None:
    root = str(run.folder.parent.resolve())
    command = ["train", "--resume", "--run", run.name, "--runs", root, *(["--finish"] if finish_only else [])]
    said = "Loading TensorFlow and reading the films."
    try:
        # Cleared here and not by the child: a request that comes while it is still importing TensorFlow counts.
        run.clear_stop_request()
        # Before there is a process: where this cannot be written, none is started.
        run.set_state("starting", said, pid=0)
        pid = background.start_process(command, run.log)
        try:
            run.set_state("starting", said, pid=pid)
        except OSError:
            # Whoever asked is told that nothing was started.
            with contextlib.suppress(psutil.Error):
                psutil.Process(pid).kill()
            raise
    except OSError as error:
        raise TrainingError(
            f"Expected to start a training process, but the system said “{error.strerror}”: free memory or disk "
            "space and resume the run."
        ) from error
