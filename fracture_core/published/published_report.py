"""Reported results of published systems, read from `reports.json`."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fracture_core.evaluation import Confusion
from fracture_core.zoo import TrainingProtocol


@dataclass(frozen=True)
class PublishedReport:
    """A published system and its reported results.

    Attributes:
        row: Name of its architecture in the zoo.
        title: Display name.
        data: Dataset of the publication.
        source: Type of publication.
        protocol: Description of the training.
        epochs: Maximum number of epochs.
        settings: Differences from the training protocol of the architecture, by field of `TrainingProtocol`.
        figures: Reported accuracy, sensitivity, specificity and auc; None if not reported.
        confusion: Reported confusion matrix; None if not reported.
        n: Reported number of test images; None if not reported.
        note: Comment on the reported results.
        absent: Why there is no result of our own, by column of `run_result.RESULT_COLUMNS`.
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
        """Return the text of a table cell without a result."""
        return self.absent.get(column, "not run yet")

    def apply_protocol(self, usual: TrainingProtocol) -> TrainingProtocol:
        """Return the training protocol of the publication, based on that of its architecture."""
        return replace(usual, **self.settings)


def load_reports(folder: Path) -> list[PublishedReport]:
    """Load all reports, in the order of the table.

    Args:
        folder: Folder of `reports.json`.

    Returns:
        The reports.
    """
    rows = json.loads((folder / "reports.json").read_text(encoding="utf-8"))
    return [
        PublishedReport(**{**row, "confusion": Confusion(**row["confusion"]) if row["confusion"] else None})
        for row in rows
    ]


def report_for_architecture(row: str, folder: Path) -> PublishedReport | None:
    """Find the report of an architecture.

    Args:
        row: Name of the architecture.
        folder: Folder of `reports.json`.

    Returns:
        The report; None if the architecture is not from a publication.
    """
    return next((report for report in load_reports(folder) if report.row == row), None)
