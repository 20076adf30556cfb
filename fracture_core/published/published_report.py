"""Report: what a published system states of itself."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fracture_core.evaluation import Confusion
from fracture_core.zoo import TrainingProtocol


@dataclass(frozen=True)
class PublishedReport:
    """One published system.

    Attributes:
        row: its row of the zoo.
        title: what users read.
        data: the data set that it used.
        source: what kind of publication it is.
        protocol: how it was trained, in words.
        epochs: epochs it was trained for, at most.
        settings: where its protocol differs from that of its row in the zoo, by `TrainingProtocol`'s names.
        figures: accuracy, sensitivity, specificity and auc as stated; None where it states none.
        confusion: its confusion matrix; None where none is printed.
        n: test films stated; None where it states none.
        note: what is to be known of its figures.
        absent: why a cell cannot be filled, by column of `run_result.RESULT_COLUMNS`.
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

    def empty_cell_text(self, column: str) -> str:
        """What stands in a cell without a result."""
        return self.absent.get(column, "not run yet")

    def apply_protocol(self, usual: TrainingProtocol) -> TrainingProtocol:
        """The protocol of the publication, from that of its row."""
        return replace(usual, **self.settings)


def load_reports(folder: Path) -> list[PublishedReport]:
    """Every report, in the order of the table.

    Args:
        folder: where `load_reports.json` lies.
    """
    rows = json.loads((folder / "reports.json").read_text(encoding="utf-8"))
    return [
        PublishedReport(**{**row, "confusion": Confusion(**row["confusion"]) if row["confusion"] else None})
        for row in rows
    ]


def report_for_architecture(row: str, folder: Path) -> PublishedReport | None:
    """The report that a row of the zoo follows; None where it follows none.

    Args:
        row: the row's name.
        folder: where `load_reports.json` lies.
    """
    return next((report for report in load_reports(folder) if report.row == row), None)
