"""Collects the result of a finished run for the table of published systems."""

from fracture_core.errors import TrainingError
from fracture_core.published.run_result import RESULT_COLUMNS, RunResult
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import CARD_NAME
from fracture_core.runs.run import Run

# Metrics of an epoch that the page shows.
_EPOCH_METRICS = ("epoch", "loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc", "seconds")


def collect_result(run: Run, column: str) -> RunResult:
    """Collect the result of a run.

    Args:
        run: A finished run.
        column: A key of `RESULT_COLUMNS`.

    Returns:
        The result.

    Raises:
        TrainingError: The column is unknown, or the run is not finished or has no test results.
    """
    if column not in RESULT_COLUMNS:
        raise TrainingError(
            f"Expected one of {', '.join(RESULT_COLUMNS)}, but got {column!r}: choose one of these."
        )
    if run.state().status != "finished":
        raise TrainingError(
            f"Expected a finished run, but {run.name} is {run.state().status}: let it finish."
        )
    card = ModelCard.load(run.result / CARD_NAME)
    if card.test is None or card.data is None:
        raise TrainingError(
            f"Expected a run with test results, but {run.name} has none: train it on a dataset with a test split."
        )
    epochs = run.epochs()
    return RunResult(
        row=card.architecture,
        column=column,
        data=card.data.name.split(",")[0],
        test=card.test,
        regions=card.test_regions,
        epochs=tuple({name: line[name] for name in _EPOCH_METRICS if name in line} for line in epochs),
        planned=run.config().epochs,
        minutes=round(sum(line["seconds"] for line in epochs) / 60, 1),
        command=card.command,
        date=card.created[:10],
        counts=card.data.counts,
    )
