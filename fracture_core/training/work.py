"""The work of a training process, from the first film to the card."""

import errno
import os
from collections.abc import Callable

from fracture_core.errors import SecondLookError, TrainingError
from fracture_core.registry.card import Card
from fracture_core.training import checkpoint, loop
from fracture_core.training.films import Films
from fracture_core.training.finish import finish
from fracture_core.training.report import StopRequested
from fracture_core.training.run import ACTIVE, Run
from fracture_core.training.search import with_found_rate

#: Called with what is being done, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


def work(run: Run, progress: Progress | None = None, finish_only: bool = False) -> Card | None:
    """Trains a run to its end, or continues it, and writes its result.

    Args:
        run: a new, stopped, failed or interrupted run.
        progress: called while films are read.
        finish_only: whether to take the best epoch so far instead of training on.

    Returns:
        The card of the result; None where the run was stopped.

    Raises:
        SecondLookError: what went wrong, in a sentence that also stands in the run's state.
    """
    before = run.state()
    # Who starts a process for a run announces it with the process's own number.
    if before.status in ACTIVE and before.pid != os.getpid():
        raise TrainingError(
            f"Expected a run at rest, but {run.name} is being trained: wait for it or stop it."
        )
    if before.status == "finished":
        raise TrainingError(
            f"Expected an unfinished run, but {run.name} is finished and its test split has been opened: start "
            "a new run to train further."
        )
    if before.status != "starting":
        # Who announced this process has cleared older requests; a newer one is meant for it.
        run.clear_stop()
    run.set_state("starting", "Reading the films.")
    try:
        return _work(run, progress, finish_only)
    except (StopRequested, KeyboardInterrupt) as stopped:
        saved = checkpoint.last(run.checkpoints)
        kept = f"{saved[1]} completed epochs are kept." if saved else "No epoch was completed."
        run.set_state("stopped", f"Stopped. {kept}")
        if isinstance(stopped, KeyboardInterrupt):
            raise
        return None
    except SecondLookError as error:
        run.set_state("failed", str(error))
        raise
    except (MemoryError, OSError) as error:
        told = TrainingError(_machine_fault(error))
        run.set_state("failed", str(told))
        raise told from error
    except BaseException:
        # Not hidden: the page says where to look, and the traceback goes on to the log.
        run.set_state(
            "failed", "The training ended by a fault of the program; log.txt in the run's folder has it."
        )
        raise


def _work(run: Run, progress: Progress | None, finish_only: bool) -> Card:
    config = run.config()

    def reading(done: int, every: int) -> None:
        if run.stop_requested():
            raise StopRequested
        if progress:
            progress("Reading films", done, every)

    films = Films.load(config, run.folder.parent / ".cache", reading)
    _same_split(run, films)
    # Asked first: without a completed epoch there is nothing to finish, and no search may begin.
    best = loop.best(run, config) if finish_only else None
    config = with_found_rate(run, films, config)
    run.set_state("running", _left_out(films))
    model = best or loop.fit(run, films, config)
    run.set_state("evaluating", "Calibrating on the validation split, then opening the test split.")
    card = finish(run, films, config, model)
    run.set_state("finished", f"AUC on the test split: {card.test.auc.text()}." if card.test else "")
    return card


def _same_split(run: Run, films: Films) -> None:
    """Notes the split at the first start, and refuses to go on with another one.

    A folder that changed is split anew, and films that trained the network could stand in its test.
    """
    path = run.folder / "split.csv"
    if checkpoint.last(run.checkpoints) is None:
        films.write_split(path)
        return
    again = path.with_suffix(".again")
    films.write_split(again)
    same = path.is_file() and path.read_bytes() == again.read_bytes()
    again.unlink()
    if not same:
        raise TrainingError(
            f"Expected the films that {run.name} began with, but the folder has changed since: restore it, or start "
            "a new run."
        )


def _left_out(films: Films) -> str:
    return f"{films.unreadable} unreadable files were left out." if films.unreadable else ""


def _machine_fault(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return (
            "Expected enough memory for this training, but it ran out: choose a smaller batch or input size."
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "Expected room on the disk, but it is full: free some space and resume the run."
    return f"Expected to read and write freely, but the system said “{error}”: mend that and resume the run."
