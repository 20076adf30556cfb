"""Takes the result of a finished run into the table of published systems."""

from fracture_core.errors import TrainingError
from fracture_core.published.result import COLUMNS, Result
from fracture_core.registry.card import Card
from fracture_core.registry.store import CARD
from fracture_core.training.run import Run

# What an epoch reported that the page draws.
_KEPT = ("epoch", "loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc", "seconds")


def collect(run: Run, column: str) -> Result:
    """The result of a run.

    Args:
        run: finished.
        column: a key of `COLUMNS`.

    Raises:
        TrainingError: the run is not finished or has no record.
    """
    if column not in COLUMNS:
        raise TrainingError(f"Expected one of {', '.join(COLUMNS)}, but got {column!r}: choose one of these.")
    if run.state().status != "finished":
        raise TrainingError(
            f"Expected a finished run, but {run.name} is {run.state().status}: let it finish."
        )
    card = Card.load(run.result / CARD)
    if card.test is None or card.data is None:
        raise TrainingError(f"Expected a run with a record, but {run.name} has none.")
    epochs = run.epochs()
    return Result(
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
