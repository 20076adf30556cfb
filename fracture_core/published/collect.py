"""Takes the result of a finished run into the table of published systems."""

from fracture_core.errors import TrainingError
from fracture_core.published.run_result import RESULT_COLUMNS, RunResult
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import CARD_NAME
from fracture_core.runs.run import Run

# What an epoch reported that the page draws.
_KEPT = ("epoch", "loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc", "seconds")


def collect_result(run: Run, column: str) -> RunResult:
    """The result of a run.

    Args:
        run: finished.
        column: a key of `RESULT_COLUMNS`.

    Raises:
        TrainingError: the run is not finished or has no record.
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
        raise TrainingError(f"Expected a run with a record, but {run.name} has none.")
    epochs = run.epochs()
    return RunResult(
        row=card.architecture,
        column=column,
        data=card.data.name.split(",")[0],
        test=card.test,
        regions=card.test_regions,
        epochs=tuple({name: line[name] for name in _KEPT if name in line} for line in epochs),
        planned=run.config().epochs,
        minutes=round(sum(line["seconds"] for line in epochs) / 60, 1),
        command=card.command,
        date=card.created[:10],
        counts=card.data.counts,
    )
