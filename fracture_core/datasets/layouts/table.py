"""CSV tables of datasets as spreadsheets and other programs write them.

All CSV files from outside are read here. Encoding (UTF-8, UTF-16, Windows-1252), separator (comma, semicolon, tab,
vertical bar) and line ends are detected.
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

#: Separators in order of preference, with their names in messages.
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}

# Excel may write the separator into an extra first line.
_DECLARED_SEPARATOR = re.compile(r'\A\s*"?sep=([,;\t|])"?(?=[\r\n])', re.IGNORECASE)

# Number of lines that are compared to detect the separator without a header.
_SAMPLE_LINES = 50

# Number of bytes that contain the header.
_HEAD_BYTES = 1 << 16


class TableLine(NamedTuple):
    """One line of a table with a header.

    Attributes:
        number: line number in the file, from 1.
        values: values by column name in lower case; "" for missing fields.
    """

    number: int
    values: dict[str, str]


@dataclass(frozen=True)
class _Table:
    """The non-empty lines of a table.

    Attributes:
        rows: line numbers and fields.
        encoding: name of the detected encoding.
        separator: detected separator.
    """

    rows: list[tuple[int, list[str]]]
    encoding: str
    separator: str

    @property
    def format(self) -> str:
        """Encoding and separator, for messages."""
        return f"encoding {self.encoding}, separator {SEPARATORS[self.separator]}"


def parse_number(text: str) -> float:
    """Parse a number with a decimal point or a decimal comma.

    Raises:
        ValueError: If the text is not a number.
    """
    text = text.strip()
    return float(text if "." in text else text.replace(",", "."))


def parse_flag(text: str) -> bool:
    """Parse a yes/no value: 1, 1.0, true or yes; 0, 0.0, false or no; in any case.

    Raises:
        ValueError: If the text is none of these.
    """
    text = text.strip().casefold()
    if text in ("true", "yes"):
        return True
    if text in ("false", "no"):
        return False
    number = parse_number(text)
    if number not in (0, 1):
        raise ValueError(f"{text!r} is neither 0 nor 1")
    return bool(number)


def read_lines(path: Path) -> list[tuple[int, list[str]]]:
    """Read the non-empty lines of a CSV file without a header.

    Returns:
        Line number, from 1, and fields of each line.

    Raises:
        DataError: If the file cannot be read as CSV.
    """
    return _parse(_content(path), path).rows


def has_columns(path: Path, columns: Collection[str]) -> bool:
    """Check whether a file is a CSV table with these columns.

    Args:
        path: the file.
        columns: column names in lower case, in any order. The table may have other columns.
    """
    try:
        with path.open("rb") as file:
            text, _ = decode_text(file.read(_HEAD_BYTES), cut=True)
    except (OSError, UnicodeDecodeError):
        return False
    return _separator_of_header(text, columns) is not None


def read_table(path: Path, columns: Collection[str], advice: str) -> list[TableLine]:
    """Read the lines of a CSV file below its header.

    Args:
        path: the CSV file.
        columns: required columns in lower case, in any order. The table may have other columns.
        advice: end of the error message for a missing column: what to do.

    Raises:
        DataError: If the file is not a CSV table, a column is missing, or a line has more fields than the header.
    """
    return parse_table(_content(path), path, columns, advice)


def parse_table(content: bytes, name: object, columns: Collection[str], advice: str) -> list[TableLine]:
    r"""Parse the content of a CSV file, such as an upload.

    Args:
        content: bytes of the CSV file.
        name: name of the file in messages.
        columns: see `read_table`.
        advice: see `read_table`.

    Raises:
        DataError: See `read_table`.

    Example:
        >>> parse_table("path;label\na.png;1".encode("utf-16"), "manifest.csv", ("path", "label"), "add it")
        [TableLine(number=2, values={'path': 'a.png', 'label': '1'})]
    """
    table = _parse(content, name, columns)
    (_, header), *rows = table.rows or [(1, [])]
    names = _column_names(header)
    missing = sorted(set(columns) - set(names))
    if missing:
        raise DataError(
            f"{name} ({table.format}) lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; the columns "
            f"{', '.join(columns)} are required: {advice}."
        )
    lines = []
    for number, row in rows:
        if any(row[len(names) :]):
            raise DataError(
                f"Line {number} of {name} has {len(row)} fields, but the header has {len(names)}: put quotation marks "
                f"around fields that contain a {SEPARATORS[table.separator]}."
            )
        padded = [*row, *[""] * (len(names) - len(row))]
        lines.append(TableLine(number, dict(zip(names, padded, strict=False))))
    return lines


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"The table {path} cannot be opened ({error.strerror}): check the file.") from error


def _parse(content: bytes, name: object, columns: Collection[str] = ()) -> _Table:
    try:
        text, encoding = decode_text(content)
    except UnicodeDecodeError as error:
        raise DataError(
            f"The encoding of the table {name} is not recognised ({error.reason}): save it as CSV in UTF-8."
        ) from error
    declared = _DECLARED_SEPARATOR.match(text)
    if declared:
        separator, text = declared[1], text[declared.end() :]
    else:
        separator = (_separator_of_header(text, columns) if columns else None) or _separator_by_count(text)
    try:
        return _Table(_read_rows(text, separator), encoding, separator)
    except csv.Error as error:
        raise DataError(
            f"The table {name} cannot be read with the encoding {encoding} and the separator {SEPARATORS[separator]} "
            f"({error}): save it as CSV again."
        ) from error


def _read_rows(text: str, separator: str) -> list[tuple[int, list[str]]]:
    # Without `skipinitialspace`, a space before a quoted field would make the quotes part of the field.
    has_spaces = separator != "\t" and re.search(rf'{re.escape(separator)} +"', text) is not None

    def read(strict: bool) -> list[tuple[int, list[str]]]:
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=separator, strict=strict, skipinitialspace=has_spaces
        )
        return [(reader.line_num, row) for row in reader if any(row)]

    try:
        return read(strict=True)
    except csv.Error as error:
        if "expected after" not in str(error):
            raise
        return read(strict=False)  # a space after a quoted field


def _separator_of_header(text: str, columns: Collection[str]) -> str | None:
    """The separator with which the first line contains all columns; None if there is none."""
    declared = _DECLARED_SEPARATOR.match(text)
    if declared:
        text = text[declared.end() :]
    header = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    for separator in SEPARATORS:
        if set(columns) <= set(_column_names(_fields(header, separator))):
            return separator
    return None


def _separator_by_count(text: str) -> str:
    """The separator that splits every line into the same number of fields, at least two; a comma if there is none."""
    lines = [line for line in io.StringIO(text, newline=None) if line.strip()][:_SAMPLE_LINES]
    for separator in SEPARATORS:
        counts = {len(_fields(line, separator)) for line in lines}
        if len(counts) == 1 and min(counts) > 1:
            return separator
    return ","


def _fields(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return []


def _column_names(header: list[str]) -> list[str]:
    return [name.strip().casefold() for name in header]
