"""Reading the tables that lie in a data set."""

import csv
import io
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
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error.strerror) from error
    return _lines(content, path)


def _lines(content: bytes, name: object) -> list[tuple[int, list[str]]]:
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        return [(reader.line_num, row) for row in reader if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(name, error) from error


def _unreadable(name: object, why: object) -> DataError:
    return DataError(
        f"Expected a table as CSV in UTF-8 in {name}, but it cannot be read ({why}): mend that file."
    )


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
    return _table(lines(path), path, columns, advice)


def table_in(content: bytes, name: str, columns: Iterable[str], advice: str) -> list[Line]:
    """The lines of a table that is no file of this computer; see `table`.

    Args:
        content: the CSV file.
        name: what messages call it.
        columns: see `table`.
        advice: see `table`.

    Raises:
        DataError: see `table`.
    """
    return _table(_lines(content, name), name, columns, advice)


def _table(
    filled: list[tuple[int, list[str]]], name: object, columns: Iterable[str], advice: str
) -> list[Line]:
    (_, first), *rest = filled or [(1, [])]
    names = _named(first)
    missing = sorted(set(columns) - set(names))
    if missing:
        raise DataError(
            f"Expected the columns {', '.join(columns)} in {name}, but {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing: {advice}."
        )
    found = []
    for number, row in rest:
        if any(row[len(names) :]):
            raise DataError(
                f"Expected {len(names)} fields a line in {name}, but line {number} has {len(row)}: put quotation "
                "marks around a field that holds a comma."
            )
        padded = [*row, *[""] * (len(names) - len(row))]
        found.append(Line(number, dict(zip(names, padded, strict=False))))
    return found


def _named(first: list[str]) -> list[str]:
    return [name.strip().casefold() for name in first]
