"""Report: what a published system states of itself."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fracture_core.evaluation import Confusion
from fracture_core.zoo import Protocol


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
        settings: where its protocol differs from that of its row in the zoo, by `Protocol`'s names.
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
    settings: dict[str, Any]
    figures: dict[str, float | None]
    confusion: Confusion | None
    n: int | None
    note: str
    absent: dict[str, str]

    def nothing(self, column: str) -> str:
        """What stands in a cell without a result."""
        return self.absent.get(column, "not run yet")

    def applied(self, usual: Protocol) -> Protocol:
        """The protocol of the publication, from that of its row."""
        return replace(usual, **self.settings)


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


def report_of(row: str, folder: Path) -> Report | None:
    """The report that a row of the zoo follows; None where it follows none.

    Args:
        row: the row's name.
        folder: where `reports.json` lies.
    """
    return next((report for report in reports(folder) if report.row == row), None)
