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

#: The fields of an image of a study.
TABLE_FIELDS = ("name", *OPINION_FIELDS)


def opinion_row(name: str, opinion: Opinion | None, error: str = "") -> dict[str, Any]:
    """Return the row of one image.

    Args:
        name: name of the image.
        opinion: the opinion; None if the file could not be read.
        error: why the file could not be read.

    Returns:
        Values by field of `TABLE_FIELDS`.

    Example:
        >>> opinion_row("Film 1", None, "The file is empty.")["error"]
        'The file is empty.'
    """
    row: dict[str, Any] = dict.fromkeys(TABLE_FIELDS)
    row.update(name=name, regions=[], region_probabilities={}, findings=[], error=error or None)
    return {**row, **opinion.to_json()} if opinion else row


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
