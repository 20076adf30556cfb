"""A complete training: reading the data, training, evaluation and the card."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from fracture_core.errors import SecondLookError, TrainingError
from fracture_core.inference.image_cache import unreadable_files_message
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
    on_epochs_done: Callable[[Run], None] | None = None,
) -> ModelCard | None:
    """Train or resume a run and write its result.

    Args:
        run: New, stopped, failed or interrupted run.
        progress: Progress callback for reading the images.
        finish_only: Whether to use the best epoch so far instead of continuing the training.
        on_epochs_done: Called after the last epoch, before the evaluation; it may not return.

    Returns:
        The card of the result; None if the run was stopped or is a fold of a cross-validation, which has no card.

    Raises:
        SecondLookError: The training failed; the message is also in the state of the run.
    """
    before = run.state()
    # The starter of a training process sets the state to active with the id of that process.
    if before.status in ACTIVE_STATUSES and before.pid != os.getpid():
        raise TrainingError(f"{run.name} is already being trained: wait for it or stop it.")
    run.check_unfinished()
    if before.status != "starting":
        # The starter has cleared old stop requests; a newer one is for this process.
        run.clear_stop_request()
    run.set_state("starting", "Reading the films.")
    try:
        return _run_training(run, progress, finish_only, on_epochs_done)
    except (StopRequested, KeyboardInterrupt) as stopped:
        saved = checkpoint.latest_checkpoint(run.checkpoints)
        outcome = f"Completed epochs: {saved[1]}." if saved else "No epoch was completed."
        run.set_state("stopped", f"Stopped. {outcome}")
        if isinstance(stopped, KeyboardInterrupt):
            raise
        return None
    except SecondLookError as error:
        run.set_state("failed", str(error))
        raise
    except BaseException as error:
        message = machine_error_message(error, run)
        if message is None:
            # A programming error: the traceback goes to the log.
            run.set_state(
                "failed", "The training failed with a program error: see log.txt in the folder of the run."
            )
            raise
        with contextlib.suppress(OSError):  # a full disk or no folder; the log has the message
            run.set_state("failed", str(message))
        raise message from error


def _run_training(
    run: Run,
    progress: ProgressCallback | None,
    finish_only: bool,
    on_epochs_done: Callable[[Run], None] | None,
) -> ModelCard | None:
    config = run.config()

    def report_reading(_stage: str, done: int, total: int) -> None:
        if run.is_stop_requested():
            raise StopRequested
        if progress:
            progress("Reading images", done, total)

    check_data_available(run, Path(config.data))
    data = TrainingData.load(config, run.folder.parent / ".cache", report_reading)
    fingerprint = _check_same_data(run, data)
    # Loaded first: it fails without a completed epoch, before a search starts.
    best = loop.load_best_model(run, config) if finish_only else None
    config = search_learning_rate(run, data, config)
    run.set_state("running", _unreadable_message(data))
    model = best or loop.fit(run, data, config, [FingerprintCheck(run.name, data, fingerprint)])
    fingerprint.check(run.name, data)  # also if no epoch was trained
    if on_epochs_done is not None:
        on_epochs_done(run)
    if config.folds:
        run.set_state("evaluating", f"Predicting the held-out images of fold {config.fold}.")
        auc = write_fold(run, data, config, model)
        run.set_state("finished", f"Out-of-fold AUC of fold {config.fold}: {auc.text()}.")
        return None
    run.set_state("evaluating", "Calibrating on the validation split, then evaluating on the test split.")
    card = finish_run(run, data, config, model)
    run.set_state("finished", f"AUC on the test split: {card.test.auc.text()}." if card.test else "")
    return card


def _check_same_data(run: Run, data: TrainingData) -> DatasetFingerprint:
    """Save split and fingerprint at the first start, and check them when a run is resumed.

    A dataset that has changed is split differently, so training images could enter the test split.
    """
    split, fingerprint_path = run.folder / "split.csv", run.folder / "films.npz"
    has_started = checkpoint.latest_checkpoint(run.checkpoints) is not None
    if has_started and not split.is_file():
        raise TrainingError(f"{split.name} is missing from the folder of {run.name}: start a new run.")
    if not has_started:
        data.write_split(split)
    current = split.with_suffix(".again")
    data.write_split(current)
    is_same = split.read_bytes() == current.read_bytes()
    current.unlink()
    if not is_same:
        raise TrainingError(
            f"The dataset of {run.name} has changed since the run was started: restore it, or start a new run."
        )
    saved = DatasetFingerprint.load(fingerprint_path) if has_started else None
    if saved is None:
        fingerprint = DatasetFingerprint.from_data(data)
    else:
        saved.check(run.name, data)
        fingerprint = DatasetFingerprint(data.files, saved.content)
    fingerprint.save(fingerprint_path)
    return fingerprint


def _unreadable_message(data: TrainingData) -> str:
    return unreadable_files_message(data.errors) if data.errors else ""
