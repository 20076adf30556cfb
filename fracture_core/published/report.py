"""Report: what a published system states of itself."""

import json
from dataclasses import dataclass
from pathlib import Path

from fracture_core.evaluation import Confusion


@dataclass(frozen=True)
class Report:
    """One published system.

    Attributes:
        row: its row of the zoo.
        title: what users read.
        data: the data set that it used.
        source: what kind of publication it is.
        protocol: how it was trained, in words.
        epochs: epochs it was trained for, at most.
        figures: accuracy, sensitivity, specificity and auc as stated; None where it states none.
        confusion: its confusion matrix; None where none is printed.
        n: test films stated; None where it states none.
        note: what is to be known of its figures.
        absent: why a cell cannot be filled, by column of `result.COLUMNS`.
    """

    row: str
    title: str
    data: str
    source: str
    protocol: str
    epochs: int
    figures: dict[str, float | None]
    confusion: Confusion | None
    n: int | None
    note: str
    absent: dict[str, str]

    def nothing(self, column: str) -> str:
        """What stands in a cell without a result."""
        return self.absent.get(column, "not run yet")


def reports(folder: Path) -> list[Report]:
    """Every report, in the order of the table.

    Args:
        folder: where `reports.json` lies.
    """
    rows = json.loads((folder / "reports.json").read_text(encoding="utf-8"))
    return [
        Report(**{**row, "confusion": Confusion(**row["confusion"]) if row["confusion"] else None})
        for row in rows
    ]
