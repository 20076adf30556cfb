"""A training in a process of its own, which outlives the page that started it."""

import threading
from pathlib import Path

from fracture_core import background
from fracture_core.errors import TrainingError
from fracture_core.training.config import TrainingConfig
from fracture_core.training.run import ACTIVE, Run

# Two users may press Start in the same moment; all of them are served by one process, so this is enough.
_STARTING = threading.Lock()


def active(root: Path) -> Run | None:
    """The run below a folder that a process is at work on; None where all are at rest."""
    return next((run for run in Run.all(root) if run.state().status in ACTIVE), None)


def begin(root: Path, name: str, config: TrainingConfig) -> Run:
    """Makes a new run and starts it.

    Args:
        root: where runs lie.
        name: of the new run.
        config: what it is asked to do.

    Returns:
        The run, at work.

    Raises:
        TrainingError: another run is at work, the name is taken or unfit, or no process can be started.
    """
    with _STARTING:
        # Asked first: a refused start leaves no empty run behind.
        _refuse_a_second(root)
        run = Run.create(root, name, config)
        _launch(run, finish_only=False)
    return run


def start(run: Run, finish_only: bool = False) -> None:
    """Starts work on a run in a process of its own, and returns at once.

    Args:
        run: a new, stopped, failed or interrupted run.
        finish_only: whether to take the best epoch so far instead of training on.

    Raises:
        TrainingError: this or another run is at work, the run is finished, or no process can be started.
    """
    with _STARTING:
        _refuse_a_second(run.folder.parent)
        if run.state().status == "finished":
            raise TrainingError(
                f"Expected an unfinished run, but {run.name} is finished and its test split has been opened: start "
                "a new run to train further."
            )
        _launch(run, finish_only)


def _refuse_a_second(root: Path) -> None:
    other = active(root)
    if other is not None:
        raise TrainingError(
            f"Expected no other training on this computer, but {other.name} is being trained: wait for it or stop it."
        )


def _launch(run: Run, finish_only: bool) -> None:
    root = str(run.folder.parent.resolve())
    command = ["train", "--resume", "--run", run.name, "--runs", root, *(["--finish"] if finish_only else [])]
    # Cleared here and not by the child: a request that comes while it is still importing TensorFlow counts.
    run.clear_stop()
    try:
        pid = background.launch(command, run.log)
    except OSError as error:
        raise TrainingError(
            f"Expected to start a training process, but the system said “{error.strerror}”: free memory or disk "
            "space and resume the run."
        ) from error
    run.set_state("starting", "Loading TensorFlow and reading the films.", pid=pid)
