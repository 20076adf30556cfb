"""Reads and writes predictions.csv, the table of a model's predictions with one case per row.

The file is stored beside the weights. Metrics and the failure browser need neither images nor TensorFlow.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

import numpy as np

from fracture_core.errors import DataError
from fracture_core.vocabulary import SPLITS

if TYPE_CHECKING:
    import pandas as pd

#: Columns, in order. `path` is relative to the data root, with forward slashes; `regions` is space-separated.
PREDICTION_COLUMNS = ("id", "path", "split", "group", "regions", "label", "logit", "probability")

# `file_names.escape_name` writes a byte that is not UTF-8 like this; its backslash is no path separator.
_ESCAPED_BYTE = re.compile(r"\\x[89a-f][0-9a-f]")

# Limits of the first line; spreadsheets have at most 16,384 columns.
_MAX_HEADER_BYTES, _MAX_COLUMNS = 1 << 16, 1000

_TEXT = ("id", "path", "split", "group", "regions")
#: Six significant digits, so that rounding noise does not change the file.
_FLOAT = "%.6g"


def write_predictions(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """Write a table of predictions, sorted by split and id, with a fixed number format.

    Args:
        path: The file to write.
        frame: A table with at least `PREDICTION_COLUMNS`; other columns are dropped.

    Returns:
        The table as read back from the file. Use it for metrics, so that they can be reproduced from the file.

    Raises:
        DataError: The table is invalid; see `read_predictions`.
    """
    import pandas as pd

    checked = _validate(frame, path)
    ranks = {split: rank for rank, split in enumerate(SPLITS)}
    order = pd.DataFrame({"split": checked["split"].map(ranks), "id": checked["id"]})
    checked = checked.loc[order.sort_values(["split", "id"], kind="stable").index]
    checked.to_csv(path, index=False, float_format=_FLOAT, lineterminator="\n", encoding="utf-8")
    return read_predictions(path)


def read_predictions(path: Path) -> pd.DataFrame:
    """Read and validate a table of predictions.

    Args:
        path: The CSV file.

    Returns:
        A table with exactly `PREDICTION_COLUMNS`: text without missing values, `label` 0 or 1, `logit` finite,
        `probability` between 0 and 1.

    Raises:
        DataError: The file is missing or not a table, or a column is missing, or there are no rows. Also for a
            duplicate id, a path that is not relative, an unknown split, an invalid label, or a number that is missing
            or out of range.
    """
    import pandas as pd

    try:
        _check_header(path)
        frame = pd.read_csv(
            path,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8",
            # Other columns are ignored, however many there are.
            usecols=lambda name: name in PREDICTION_COLUMNS,
        )
    except FileNotFoundError as error:
        raise DataError(f"There is no table of predictions at {path}: evaluate the model first.") from error
    except (pd.errors.EmptyDataError, pd.errors.ParserError, ValueError, OverflowError) as error:
        raise DataError(
            f"{path.name} is not a valid CSV table of predictions: evaluate the model again."
        ) from error
    return _validate(frame, path)


def _check_header(path: Path) -> None:
    """Refuse a header that pandas would parse for minutes."""
    with path.open("rb") as file:
        header = file.readline(_MAX_HEADER_BYTES + 1)
    if len(header) > _MAX_HEADER_BYTES or header.count(b",") > _MAX_COLUMNS:
        raise DataError(
            f"{path.name} has far more columns than a table of predictions: evaluate the model again."
        )


def _validate(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Validate a table and convert its columns; the error names the first invalid row."""
    import pandas as pd

    missing = [name for name in PREDICTION_COLUMNS if name not in frame.columns]
    if missing:
        raise DataError(
            f"{path.name} lacks the columns {', '.join(missing)} (expected {', '.join(PREDICTION_COLUMNS)}): "
            "evaluate the model again."
        )
    if frame.empty:
        raise DataError(f"{path.name} contains no cases: evaluate the model on images.")
    table = frame.loc[:, list(PREDICTION_COLUMNS)].reset_index(drop=True)
    for name in _TEXT:
        table[name] = table[name].fillna("").astype(str)
    numbers = {
        name: pd.to_numeric(table[name], errors="coerce") for name in ("label", "logit", "probability")
    }
    rules = (
        ("id", "a unique id", table["id"].duplicated() | (table["id"] == "")),
        (
            "path",
            "a path relative to the data folder, with forward slashes",
            ~table["path"].map(_is_relative),
        ),
        (
            "split",
            f"one of the splits {', '.join(SPLITS)} or an empty field",
            ~table["split"].isin([*SPLITS, ""]),
        ),
        ("label", "the label 0 or 1", ~numbers["label"].isin([0, 1])),
        ("logit", "a finite logit", ~np.isfinite(numbers["logit"])),
        ("probability", "a probability between 0 and 1", ~numbers["probability"].between(0, 1)),
    )
    for name, expected, invalid in rules:
        if invalid.any():
            row = int(np.argmax(invalid.to_numpy()))
            raise DataError(
                f"Expected {expected} in row {row + 1} of {path.name}, got {str(table[name].iloc[row])!r}: "
                "correct the row, or evaluate the model again."
            )
    return table.assign(
        label=numbers["label"].astype("int64"),
        logit=numbers["logit"].astype("float64"),
        probability=numbers["probability"].astype("float64"),
    )


def _is_relative(path: str) -> bool:
    """Whether a path stays below the data root on every operating system."""
    path = _ESCAPED_BYTE.sub("", path)
    windows = PureWindowsPath(path)
    return bool(
        path
        and "\\" not in path
        and not windows.anchor
        and not windows.drive
        and ".." not in PurePosixPath(path).parts
    )
