"""The table of runs: settings, best epoch, metrics, time and notes."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from fracture_core.errors import SecondLookError
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import CARD_NAME
from fracture_core.runs import queue
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import ACTIVE_STATUSES, Run, best_epoch

#: How a run that waits in the queue is described.
WAITING = "waiting"


@dataclass(frozen=True)
class RunRow:
    """A run in the table. A value that is unknown is None.

    Attributes:
        run: name of the run.
        status: as in `RunState`, or `WAITING`.
        architecture: its name.
        size: side of the network input in pixels.
        batch: images per step.
        learning_rate: initial learning rate.
        seed: random seed.
        epochs: number of completed epochs.
        planned: maximum number of epochs.
        best: the epoch whose weights the model gets.
        validation_auc: AUC on the validation images after that epoch.
        test_auc: AUC on the test images; only of a finished run.
        minutes: time of the completed epochs.
        created: date and time in UTC, ISO 8601.
        data: the dataset.
        notes: notes of the user.
    """

    run: str
    status: str
    architecture: str | None
    size: int | None
    batch: int | None
    learning_rate: float | None
    seed: int | None
    epochs: int
    planned: int | None
    best: int | None
    validation_auc: float | None
    test_auc: float | None
    minutes: float
    created: str
    data: str | None
    notes: str


def list_runs(root: Path) -> list[RunRow]:
    """List all runs, the newest first.

    Args:
        root: folder of all runs.
    """
    waiting = {entry.name for entry in queue.waiting_runs(root)}
    return [_row(run, run.name in waiting) for run in Run.all(root)]


def filter_rows(rows: Sequence[RunRow], text: str) -> list[RunRow]:
    """Return the rows that contain every word of a text in some column, without regard to case."""
    words = text.casefold().split()
    return [
        row
        for row in rows
        if all(any(word in str(value).casefold() for value in astuple(row)) for word in words)
    ]


def run_table(rows: Sequence[RunRow]) -> pd.DataFrame:
    """Return the rows as a table with one column for each attribute of `RunRow`."""
    table = pd.DataFrame([astuple(row) for row in rows], columns=[entry.name for entry in fields(RunRow)])
    whole = ("size", "batch", "seed", "epochs", "planned", "best")
    return table.astype(
        {**dict.fromkeys(whole, "Int64"), **dict.fromkeys(("learning_rate", "test_auc"), float)}
    )


def _row(run: Run, waiting: bool) -> RunRow:
    state, epochs = run.state(), run.epochs()
    config, size = _settings(run)
    best = best_epoch(epochs, config.head_epochs) if config else None
    created = datetime.fromtimestamp(run.created, UTC).isoformat(timespec="minutes")
    return RunRow(
        run=run.name,
        status=WAITING if waiting else state.status,
        architecture=config.architecture if config else None,
        size=size,
        batch=config.batch if config else None,
        learning_rate=config.learning_rate if config else None,
        seed=config.seed if config else None,
        epochs=len(epochs),
        planned=config.epochs if config else None,
        best=int(best["epoch"]) if best else None,
        validation_auc=best.get("val_auc") if best else None,
        test_auc=None if state.status in ACTIVE_STATUSES else _test_auc(run),
        minutes=round(sum(epoch.get("seconds", 0.0) for epoch in epochs) / 60, 1),
        created=created,
        data=config.data if config else None,
        notes=run.notes(),
    )


def _settings(run: Run) -> tuple[TrainingConfig | None, int | None]:
    """Settings and input size; None where they cannot be read."""
    try:
        config = run.config()
        return config, config.input.width
    except SecondLookError:
        return None, None


def _test_auc(run: Run) -> float | None:
    if not (run.result / CARD_NAME).is_file():
        return None
    try:
        test = ModelCard.load(run.result / CARD_NAME).test
    except SecondLookError:
        return None
    return test.auc.value if test and test.auc.is_measured else None
