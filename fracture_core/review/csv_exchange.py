"""Reviews as a CSV file, and back."""

import csv
import io
from collections.abc import Sequence

from fracture_core.datasets.layouts.table import TableLine, parse_table
from fracture_core.errors import DataError
from fracture_core.io.csv_safety import escape_formula, unescape_formula
from fracture_core.review.annotation import Review

#: The columns, in order.
REVIEW_COLUMNS = ("id", "mark", "note", "reviewer", "time")


def reviews_to_csv(reviews: Sequence[Review]) -> bytes:
    """The reviews as CSV with a header, in UTF-8; the byte order mark tells spreadsheets so."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(REVIEW_COLUMNS)
    for review in reviews:
        values = (review.case, review.mark, review.note, review.reviewer, review.time)
        writer.writerow([escape_formula(value) for value in values])
    return file.getvalue().encode("utf-8-sig")


def reviews_from_csv(content: bytes, name: str) -> list[Review]:
    """The reviews that `reviews_to_csv` wrote.

    Args:
        content: the file; its columns in any order and among others.
        name: what messages call it.

    Raises:
        DataError: it is no CSV in UTF-8, lacks a column, or a line is no review.
    """
    rows = parse_table(
        content, name, REVIEW_COLUMNS, "export the reviews again, or name the columns in its first line"
    )
    return [_review(line, name) for line in rows]


def _review(line: TableLine, name: str) -> Review:
    values = [unescape_formula(line.values[column]) for column in REVIEW_COLUMNS]
    try:
        return Review(*values)
    except DataError as error:
        raise DataError(f"Line {line.number} of {name}: {error}") from error
