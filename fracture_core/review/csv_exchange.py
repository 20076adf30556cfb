"""Export of reviews to CSV, and import."""

import csv
import io
from collections.abc import Sequence

from fracture_core.datasets.layouts.table import TableLine, parse_table
from fracture_core.errors import DataError
from fracture_core.io.csv_safety import escape_formula, unescape_formula
from fracture_core.review.annotation import Review, join_tags, sort_tags, split_tags

#: Columns of the CSV file, in order. Files of earlier versions have no tags.
REVIEW_COLUMNS = ("id", "mark", "note", "reviewer", "time", "tags")

_REQUIRED = REVIEW_COLUMNS[:-1]


def reviews_to_csv(reviews: Sequence[Review]) -> bytes:
    """Convert reviews to CSV with a header, encoded in UTF-8 with a byte order mark for spreadsheets.

    Example:
        >>> review = Review("IMG1", "subtle", "Look at the ulna.", "A. Reader", "2026-01-31T12:00:00+00:00")
        >>> reviews_from_csv(reviews_to_csv([review]), "reviews.csv") == [review]
        True
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(REVIEW_COLUMNS)
    for review in reviews:
        values = (review.case, review.mark, review.note, review.reviewer, review.time, join_tags(review.tags))
        writer.writerow([escape_formula(value) for value in values])
    return file.getvalue().encode("utf-8-sig")


def reviews_from_csv(content: bytes, name: str) -> list[Review]:
    """Parse reviews written by `reviews_to_csv`.

    Args:
        content: the CSV file. Columns may be in any order; other columns are ignored.
        name: name of the file in error messages.

    Raises:
        DataError: If the content is not CSV, a column is missing, or a line is not a valid review.
    """
    lines = parse_table(
        content, name, _REQUIRED, "export the reviews again, or name the columns in the first line"
    )
    return [_review(line, name) for line in lines]


def _review(line: TableLine, name: str) -> Review:
    case, mark, note, reviewer, time = (unescape_formula(line.values[column]) for column in _REQUIRED)
    tags = split_tags(unescape_formula(line.values.get("tags", "")))
    try:
        return Review(case, mark, note, reviewer, time, sort_tags(tags, mark))
    except DataError as error:
        raise DataError(f"Line {line.number} of {name}: {error}") from error
