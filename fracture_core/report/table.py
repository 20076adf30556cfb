"""The opinions on all images of a study as JSON and as CSV, with the same fields."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fracture_core.io.csv_safety import escape_formula

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion
    from fracture_core.report.reader_opinion import ReaderOpinion

#: The fields of an opinion, in order. Scripts rely on them; fields may be added only.
OPINION_FIELDS = (
    "probability",
    "verdict",
    "model",
    "model_sha256",
    "gate",
    "regions",
    "region_probabilities",
    "peak",
    "seconds",
    "error",
    "findings",
)

#: The fields of an image of a study. `kind` is "image", or "study" for the row of the whole study.
TABLE_FIELDS = ("name", *OPINION_FIELDS, "kind", "reader_opinion", "reader_comment")

#: Name of the row of the whole study.
STUDY_NAME = "Study"


def opinion_row(
    name: str, opinion: Opinion | None, error: str = "", reader: ReaderOpinion | None = None
) -> dict[str, Any]:
    """Return the row of one image.

    Args:
        name: name of the image.
        opinion: the opinion; None if the file could not be read.
        error: why the file could not be read.
        reader: the reader's own opinion; None if there is none.

    Returns:
        Values by field of `TABLE_FIELDS`.

    Example:
        >>> opinion_row("Film 1", None, "The file is empty.")["error"]
        'The file is empty.'
    """
    row: dict[str, Any] = dict.fromkeys(TABLE_FIELDS)
    row.update(name=name, regions=[], region_probabilities={}, findings=[], error=error or None, kind="image")
    if reader is not None:
        row.update(reader_opinion=reader.mark and reader.mark.value, reader_comment=reader.comment or None)
    return {**row, **opinion.to_json()} if opinion else row


def study_row(names: Sequence[str], opinions: Sequence[Opinion | None]) -> dict[str, Any] | None:
    """Return the row of a whole study, with the same fields as that of an image.

    Its verdict and probability are those of `StudySummary`. The reasons of its gate say which image they come from, and
    how many images were refused.

    Args:
        names: names of the images in the table.
        opinions: their opinions; None for files that could not be read.

    Returns:
        The row; None for a study of fewer than two images.
    """
    # Imported here, because `predict --help` needs the names of the fields but no images.
    from fracture_core.imaging import QualityState
    from fracture_core.inference.study_summary import StudySummary

    if len(opinions) < 2:
        return None
    summary = StudySummary.of(opinions)
    reasons = []
    if summary.most_suspicious is not None:
        reasons.append(f"Most suspicious of {len(names)} images: {names[summary.most_suspicious]}.")
    refused = [f"{count} {refusal.value}" for refusal, count in summary.refused.items() if count]
    if summary.unreadable:
        refused.append(f"{summary.unreadable} not readable")
    if refused:
        reasons.append(f"Not counted: {', '.join(refused)}.")
    state = (
        QualityState.REFUSE
        if summary.verdict is None
        else QualityState.WARN
        if refused
        else QualityState.PASS
    )
    card = next((opinion.card for opinion in opinions if opinion is not None), None)
    row: dict[str, Any] = dict.fromkeys(TABLE_FIELDS)
    row.update(
        name=STUDY_NAME,
        kind="study",
        probability=None if summary.probability is None else round(summary.probability, 6),
        verdict=summary.verdict.value if summary.verdict else None,
        model=card.id if card else None,
        model_sha256=card.weights.sha256 if card else None,
        gate={"state": state.value, "reasons": reasons, "refusal": None},
        regions=[],
        region_probabilities={},
        findings=[],
    )
    return row


def rows_to_json(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as a JSON list."""
    return json.dumps(rows, indent=2, ensure_ascii=False)


def rows_to_csv(rows: Iterable[dict[str, Any]]) -> str:
    """Return the rows as CSV with a header. It starts with a byte order mark, which Excel needs for UTF-8."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(TABLE_FIELDS)
    writer.writerows(flatten_row(row, TABLE_FIELDS) for row in rows)
    return "\ufeff" + file.getvalue()


def flatten_row(row: dict[str, Any], fields: Sequence[str]) -> list[Any]:
    """Return the cells of a row: lists joined by spaces, the quality check as text, no formulas.

    Args:
        row: values by field.
        fields: the fields of the table, in order.
    """
    gate = row["gate"]
    values = {
        **row,
        "gate": ": ".join([gate["state"], "; ".join(gate["reasons"])]).rstrip(": ") if gate else "",
        "regions": " ".join(row["regions"]),
        "region_probabilities": " ".join(map(str, row["region_probabilities"].values())),
        "peak": " ".join(map(str, row["peak"])) if row["peak"] else "",
        "findings": "; ".join(
            f"{finding['grade']} {finding['confidence']} {' '.join(map(str, finding['box']))}"
            for finding in row["findings"] or ()
        ),
    }
    return [
        escape_formula(value) if isinstance(value, str) else value
        for value in map(values.__getitem__, fields)
    ]
