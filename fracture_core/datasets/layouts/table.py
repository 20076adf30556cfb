"""CSV tables of a dataset, as spreadsheets and other programs write them.

Every CSV file that comes from outside is read here. Encoding (UTF-8, UTF-16, Windows-1252), separator (comma,
semicolon, tab, vertical bar) and line ends are detected.
"""

import csv
import io
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fracture_core.datasets.layouts.text_decoding import decode_text
from fracture_core.errors import DataError

#: Separators in order of preference, and their names for messages.
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}

# Excel names the separator in a first line of its own.
_NAMED_SEPARATOR = re.compile(r'\A\s*"?sep=([,;\t|])"?(?=[\r\n])', re.IGNORECASE)

# Lines that must agree on the number of fields where there is no header to go by.
_COMPARED = 50

# Bytes in which the header of a table stands.
_HEAD = 1 << 16


class TableLine(NamedTuple):
    """One line of a table that has a header.

    Attributes:
        number: of the line in the file, from 1.
        values: by column name in lower case; "" where the line is short.
    """

    number: int
    values: dict[str, str]


@dataclass(frozen=True)
class _Rows:
    """The filled lines of a table.

    Attributes:
        rows: line number and fields.
        encoding: in which it was read.
        separator: likewise.
    """

    rows: list[tuple[int, list[str]]]
    encoding: str
    separator: str

    @property
    def how(self) -> str:
        """How the table was read, for messages."""
        return f"encoding {self.encoding}, separator {SEPARATORS[self.separator]}"


def read_lines(path: Path) -> list[tuple[int, list[str]]]:
    """Read the filled lines of a CSV file that has no header.

    Returns:
        Line number, from 1, and fields of each line that is not empty.

    Raises:
        DataError: it cannot be read as CSV.
    """
    return _parse(_content(path), path).rows


def has_columns(path: Path, columns: Collection[str]) -> bool:
    """Whether a file is a CSV table with these columns, in lower case, in any order and among others."""
    try:
        with path.open("rb") as file:
            text, _ = decode_text(file.read(_HEAD), cut=True)
    except (OSError, UnicodeDecodeError):
        return False
    return _separator_of_header(text, columns) is not None


def read_table(path: Path, columns: Collection[str], advice: str) -> list[TableLine]:
    """Read the lines of a table below its header.

    Args:
        path: the CSV file.
        columns: that it must have, in lower case, in any order and among any others.
        advice: what to do where one is missing.

    Raises:
        DataError: it is no CSV table, lacks a column, or a line has more fields than the header.
    """
    return parse_table(_content(path), path, columns, advice)


def parse_table(content: bytes, name: object, columns: Collection[str], advice: str) -> list[TableLine]:
    """Read the lines of a table that is no file of this computer; see `read_table`.

    Args:
        content: the bytes of the CSV file.
        name: what messages call it.
        columns: see `read_table`.
        advice: see `read_table`.

    Raises:
        DataError: see `read_table`.
    """
    parsed = _parse(content, name, columns)
    (_, first), *rest = parsed.rows or [(1, [])]
    names = _column_names(first)
    missing = sorted(set(columns) - set(names))
    if missing:
        raise DataError(
            f"Expected the columns {', '.join(columns)} in {name} ({parsed.how}), but {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing: {advice}."
        )
    found = []
    for number, row in rest:
        if any(row[len(names) :]):
            raise DataError(
                f"Expected {len(names)} fields a line in {name}, but line {number} has {len(row)}: put quotation "
                f"marks around a field that contains a {SEPARATORS[parsed.separator]}."
            )
        padded = [*row, *[""] * (len(names) - len(row))]
        found.append(TableLine(number, dict(zip(names, padded, strict=False))))
    return found


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"Expected a table as CSV in {path}, but it cannot be opened ({error.strerror}): check the file."
        ) from error


def _parse(content: bytes, name: object, columns: Collection[str] = ()) -> _Rows:
    try:
        text, encoding = decode_text(content)
    except UnicodeDecodeError as error:
        raise DataError(
            f"Expected a table as CSV in {name}, but its encoding is not recognised ({error.reason}): save it again "
            "as CSV in UTF-8."
        ) from error
    named = _NAMED_SEPARATOR.match(text)
    if named:
        separator, text = named[1], text[named.end() :]
    else:
        separator = (_separator_of_header(text, columns) if columns else None) or _separator_by_count(text)
    try:
        return _Rows(_read_rows(text, separator), encoding, separator)
    except csv.Error as error:
        raise DataError(
            f"Expected a table as CSV in {name}, but it cannot be read with the encoding {encoding} and the separator "
            f"{SEPARATORS[separator]} ({error}): save it again as CSV."
        ) from error


def _read_rows(text: str, separator: str) -> list[tuple[int, list[str]]]:
    # A space before a quoted field would make the quotes part of the field.
    spaced = separator != "\t" and re.search(rf'{re.escape(separator)} +"', text) is not None

    def read(strict: bool) -> list[tuple[int, list[str]]]:
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=separator, strict=strict, skipinitialspace=spaced
        )
        return [(reader.line_num, row) for row in reader if any(row)]

    try:
        return read(strict=True)
    except csv.Error as error:
        if "expected after" not in str(error):
            raise
        return read(strict=False)  # a space behind a quoted field


def _separator_of_header(text: str, columns: Collection[str]) -> str | None:
    """The separator with which the first line names all columns; None where there is none."""
    named = _NAMED_SEPARATOR.match(text)
    if named:
        text = text[named.end() :]
    first = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    for separator in SEPARATORS:
        if set(columns) <= set(_column_names(_fields(first, separator))):
            return separator
    return None


def _separator_by_count(text: str) -> str:
    """The separator that gives several fields, equally many in each line; a comma where none does."""
    filled = [line for line in io.StringIO(text, newline=None) if line.strip()][:_COMPARED]
    for separator in SEPARATORS:
        counts = {len(_fields(line, separator)) for line in filled}
        if len(counts) == 1 and min(counts) > 1:
            return separator
    return ","


def _fields(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return []


def _column_names(first: list[str]) -> list[str]:
    return [name.strip().casefold() for name in first]
