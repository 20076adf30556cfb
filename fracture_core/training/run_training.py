"""The work of a training process, from the first film to the card."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from fracture_core.errors import SecondLookError, TrainingError
from fracture_core.inference.image_cache import left_out
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.registry.card import ModelCard
from fracture_core.runs.run import ACTIVE_STATUSES, Run
from fracture_core.training import checkpoint, loop
from fracture_core.training.dataset_fingerprint import DatasetFingerprint, FingerprintCheck
from fracture_core.training.error_messages import check_data_available, machine_error_message
from fracture_core.training.finish import finish_run
from fracture_core.training.out_of_fold import write_fold
from fracture_core.training.progress_callback import StopRequested
from fracture_core.training.search import search_learning_rate
from fracture_core.training.training_data import TrainingData


def run_training(
    run: Run,
    progress: ProgressCallback | None = None,
    finish_only: bool = False,
    learnt: Callable[[Run], None] | None = None,
) -> ModelCard | None:
    """Trains a run to its end, or continues it, and writes its result.

    Args:
        run: a new, stopped, failed or interrupted run.
        progress: called while films are read.
        finish_only: whether to take the best epoch so far instead of training on.
        learnt: called between the epochs and what is said of the model; need not return.

    Returns:
        The card of the result; None where the run was stopped, or is a fold of a cross-validation, which has no card.

    Raises:
        SecondLookError: what went wrong, in a sentence that also stands in the run's state.
    """
    before = run.state()
    # Who starts a process for a run announces it with the process's own number.
    if before.status in ACTIVE_STATUSES and before.pid != os.getpid():
        raise TrainingError(
            f"Expected a run at rest, but {run.name} is being trained: wait for it or stop it."
        )
    run.check_unfinished()
    if before.status != "starting":
        # Who announced this process has cleared older requests; a newer one is meant for it.
        run.clear_stop_request()
    run.set_state("starting", "Reading the films.")
    try:
        return _run_training(run, progress, finish_only, learnt)
    except (StopRequested, KeyboardInterrupt) as stopped:
        saved = checkpoint.latest_checkpoint(run.checkpoints)
        kept = f"{saved[1]} completed epochs are kept." if saved else "No epoch was completed."
        run.set_state("stopped", f"Stopped. {kept}")
        if isinstance(stopped, KeyboardInterrupt):
            raise
        return None
    except SecondLookError as error:
        run.set_state("failed", str(error))
        raise
    except BaseException as error:
        told = machine_error_message(error, run)
        if told is None:
            # Not hidden: the page says where to look, and the traceback goes on to the log.
            run.set_state(
                "failed", "The training ended by a fault of the program; log.txt in the run's folder has it."
            )
            raise
        with contextlib.suppress(OSError):  # a full disk, or no folder: the log has the sentence
            run.set_state("failed", str(told))
        raise told from error


def _run_training(
    run: Run, progress: ProgressCallback | None, finish_only: bool, learnt: Callable[[Run], None] | None
) -> ModelCard | None:
    config = run.config()

    def check_stop(_stage: str, done: int, total: int) -> None:
        if run.is_stop_requested():
            raise StopRequested
        if progress:
            progress("Reading images", done, total)

    check_data_available(run, Path(config.data))
    films = TrainingData.load(config, run.folder.parent / ".cache", check_stop)
    noted = _check_same_data(run, films)
    # Asked first: without a completed epoch there is nothing to finish, and no search may begin.
    best = loop.load_best_model(run, config) if finish_only else None
    config = search_learning_rate(run, films, config)
    run.set_state("running", _unreadable_message(films))
    model = best or loop.fit(run, films, config, [FingerprintCheck(run.name, films, noted)])
    noted.check(run.name, films)  # also where no epoch was trained
    if learnt is not None:
        learnt(run)
    if config.folds:
        run.set_state("evaluating", f"Predicting the films that fold {config.fold} held out.")
        auc = write_fold(run, films, config, model)
        run.set_state("finished", f"Out-of-fold AUC of fold {config.fold}: {auc.text()}.")
        return None
    run.set_state("evaluating", "Calibrating on the validation split, then opening the test split.")
    card = finish_run(run, films, config, model)
    run.set_state("finished", f"AUC on the test split: {card.test.auc.text()}." if card.test else "")
    return card


def _check_same_data(run: Run, films: TrainingData) -> DatasetFingerprint:
    """Notes split and films at the first start, and refuses to go on with others.

    A folder that changed is split anew, and films that trained the network could stand in its test.
    """
    split, content = run.folder / "split.csv", run.folder / "films.npz"
    began = checkpoint.latest_checkpoint(run.checkpoints) is not None
    if began and not split.is_file():
        raise TrainingError(
            f"Expected the split that {run.name} began with in its folder, but {split.name} is gone: start a new run."
        )
    if not began:
        films.write_split(split)
    again = split.with_suffix(".again")
    films.write_split(again)
    same = split.read_bytes() == again.read_bytes()
    again.unlink()
    if not same:
        raise TrainingError(
            f"Expected the films that {run.name} began with, but the folder has changed since: restore it, or start "
            "a new run."
        )
    before = DatasetFingerprint.load(content) if began else None
    if before is None:
        noted = DatasetFingerprint.from_data(films)
    else:
        before.check(run.name, films)
        noted = DatasetFingerprint(films.files, before.content)
    noted.save(content)
    return noted


def _unreadable_message(films: TrainingData) -> str:
    return left_out(films.errors) if films.errors else ""
