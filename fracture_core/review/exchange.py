"""Reviews as a CSV file, and back."""

import csv
import io
from collections.abc import Sequence

from fracture_core.data.layouts.table import Line, table_in
from fracture_core.errors import DataError
from fracture_core.review.mark import Review
from fracture_core.spreadsheet import harmless, meant

#: The columns, in order.
COLUMNS = ("id", "mark", "note", "reviewer", "time")


def to_csv(reviews: Sequence[Review]) -> bytes:
    """The reviews as CSV with a header, in UTF-8; the byte order mark tells spreadsheets so."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for review in reviews:
        values = (review.case, review.mark, review.note, review.reviewer, review.time)
        writer.writerow([harmless(value) for value in values])
    return file.getvalue().encode("utf-8-sig")


def from_csv(content: bytes, name: str) -> list[Review]:
    """The reviews that `to_csv` wrote.

    Args:
        content: the file; its columns in any order and among others.
        name: what messages call it.

    Raises:
        DataError: it is no CSV in UTF-8, lacks a column, or a line is no review.
    """
    rows = table_in(content, name, COLUMNS, "export the reviews again, or name the columns in its first line")
    return [_review(line, name) for line in rows]


def _review(line: Line, name: str) -> Review:
    values = [meant(line.values[column]) for column in COLUMNS]
    try:
        return Review(*values)
    except DataError as error:
        raise DataError(f"Line {line.number} of {name}: {error}") from error
