"""Reading the tables that lie in a data set."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from fracture_core.errors import DataError


class Line(NamedTuple):
    """One line of a table that has a header.

    Attributes:
        number: of the line in the file, from 1.
        values: by column name in lower case; "" where the line is short.
    """

    number: int
    values: dict[str, str]


def lines(path: Path) -> list[tuple[int, list[str]]]:
    """The filled lines of a CSV file with their numbers.

    Raises:
        DataError: it cannot be read as CSV in UTF-8.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            return [(reader.line_num, row) for row in reader if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DataError(
            f"Expected a table as CSV in UTF-8 in {path}, but it cannot be read ({why}): mend that file."
        ) from error


def header(path: Path) -> frozenset[str]:
    """The column names of a CSV file in lower case; empty where it has none that can be read."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = next(csv.reader([file.readline()]), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return frozenset()
    return frozenset(_named(first))


def table(path: Path, columns: Iterable[str], advice: str) -> list[Line]:
    """The lines of a table below its header.

    Args:
        path: the CSV file.
        columns: that it must have, in lower case, in any order and among any others.
        advice: what to do where one is missing.

    Raises:
        DataError: it is no CSV table, lacks a column, or a line has more fields than the header.
    """
    (_, first), *rest = lines(path) or [(1, [])]
    names = _named(first)
    missing = sorted(set(columns) - set(names))
    if missing:
        raise DataError(
            f"Expected the columns {', '.join(columns)} in {path}, but {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing: {advice}."
        )
    found = []
    for number, row in rest:
        if any(row[len(names) :]):
            raise DataError(
                f"Expected {len(names)} fields a line in {path}, but line {number} has {len(row)}: put quotation "
                "marks around a field that holds a comma."
            )
        padded = [*row, *[""] * (len(names) - len(row))]
        found.append(Line(number, dict(zip(names, padded, strict=False))))
    return found


def _named(first: list[str]) -> list[str]:
    return [name.strip().casefold() for name in first]
