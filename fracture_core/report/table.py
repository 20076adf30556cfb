"""The opinions on all films of a study as JSON and as CSV, with the same fields."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fracture_core.io.csv_safety import escape_formula

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion

#: What is said of a film, in order; a contract with whoever reads it.
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
)

#: The fields of a film of a study.
TABLE_FIELDS = ("name", *OPINION_FIELDS)


def opinion_row(name: str, opinion: Opinion | None, error: str = "") -> dict[str, Any]:
    """One film.

    Args:
        name: what it is called.
        opinion: on it; None where it was not read.
        error: the sentence why.
    """
    found: dict[str, Any] = dict.fromkeys(TABLE_FIELDS)
    found.update(name=name, regions=[], region_probabilities={}, error=error or None)
    return {**found, **opinion.to_json()} if opinion else found


def rows_to_json(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as a JSON list."""
    return json.dumps(rows, indent=2, ensure_ascii=False)


def rows_to_csv(rows: Iterable[dict[str, Any]]) -> str:
    """The rows as CSV with a header; begins with a byte order mark, without which Excel garbles what is not ASCII."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(TABLE_FIELDS)
    writer.writerows(flatten_row(row, TABLE_FIELDS) for row in rows)
    return "\ufeff" + file.getvalue()


def flatten_row(row: dict[str, Any], fields: Sequence[str]) -> list[Any]:
    """A row as cells: lists joined by blanks, the gate as one text, nothing that a spreadsheet would execute.

    Args:
        row: by field.
        fields: which, in order.
    """
    gate = row["gate"]
    cells = {
        **row,
        "gate": ": ".join([gate["state"], "; ".join(gate["reasons"])]).rstrip(": ") if gate else "",
        "regions": " ".join(row["regions"]),
        "region_probabilities": " ".join(map(str, row["region_probabilities"].values())),
        "peak": " ".join(map(str, row["peak"])) if row["peak"] else "",
    }
    return [
        escape_formula(cell) if isinstance(cell, str) else cell for cell in map(cells.__getitem__, fields)
    ]
