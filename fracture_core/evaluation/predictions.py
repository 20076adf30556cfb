"""The table predictions.csv of a model: one scored case a line.

It lies beside the weights, so metrics and the failure browser need no images and no TensorFlow.
"""

import re
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import pandas as pd

from fracture_core.errors import DataError
from fracture_core.vocabulary import SPLITS

#: Columns, in order. `path` is relative to the data root, with forward slashes; `regions` are space
#: separated.
PREDICTION_COLUMNS = ("id", "path", "split", "group", "regions", "label", "logit", "probability")

# How `file_names.escape_name` writes a byte that is no UTF-8: not a separator of Windows.
_ESCAPED_BYTE = re.compile(r"\\x[89a-f][0-9a-f]")

_TEXT = ("id", "path", "split", "group", "regions")
#: Six significant digits: noise of the last bits does not change the file.
_FLOAT = "%.6g"


def write_predictions(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """Writes the table, sorted by split and id, with a fixed number format.

    Args:
        path: the file to write.
        frame: a table with at least `PREDICTION_COLUMNS`; other columns are left out.

    Returns:
        The table as `read_predictions` gives it back. Measure on this one: what is measured from the file is then the
        same.

    Raises:
        DataError: the table breaks a rule of `read_predictions`.
    """
    checked = _checked(frame, path)
    ranks = {split: rank for rank, split in enumerate(SPLITS)}
    order = pd.DataFrame({"split": checked["split"].map(ranks), "id": checked["id"]})
    checked = checked.loc[order.sort_values(["split", "id"], kind="stable").index]
    checked.to_csv(path, index=False, float_format=_FLOAT, lineterminator="\n", encoding="utf-8")
    return read_predictions(path)


def read_predictions(path: Path) -> pd.DataFrame:
    """Reads and checks the table.

    Returns:
        A table with exactly `PREDICTION_COLUMNS`: text without missing values, `label` 0 or 1, `logit` finite,
        `probability` within 0 and 1.

    Raises:
        DataError: the file is missing or no table, lacks a column, has no row, holds an id twice, a path that
            is not relative, an unknown split, a label that is not 0 or 1, or a number that is missing or out
            of range.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError as error:
        raise DataError(
            f"Expected a table of predictions at {path}, found none: evaluate the model first."
        ) from error
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise DataError(
            f"Expected a table of predictions in {path.name}, got a file that is no CSV table: "
            "evaluate the model again."
        ) from error
    return _checked(frame, path)


def _checked(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The columns of the table with their types, or a DataError that names the first bad row."""
    missing = [name for name in PREDICTION_COLUMNS if name not in frame.columns]
    if missing:
        raise DataError(
            f"Expected the columns {', '.join(PREDICTION_COLUMNS)} in {path.name}, got none named "
            f"{', '.join(missing)}: "
            "evaluate the model again."
        )
    if frame.empty:
        raise DataError(f"Expected at least one case in {path.name}, got none: evaluate the model on images.")
    table = frame.loc[:, list(PREDICTION_COLUMNS)].reset_index(drop=True)
    for name in _TEXT:
        table[name] = table[name].fillna("").astype(str)
    numbers = {
        name: pd.to_numeric(table[name], errors="coerce") for name in ("label", "logit", "probability")
    }
    rules = (
        ("id", "an id that no other case has", table["id"].duplicated() | (table["id"] == "")),
        ("path", "a path relative to the data, with forward slashes", ~table["path"].map(_is_relative)),
        ("split", f"a split of {', '.join(SPLITS)} or none", ~table["split"].isin([*SPLITS, ""])),
        ("label", "a label 0 or 1", ~numbers["label"].isin([0, 1])),
        ("logit", "a finite logit", ~np.isfinite(numbers["logit"])),
        ("probability", "a probability within 0 and 1", ~numbers["probability"].between(0, 1)),
    )
    for name, expected, bad in rules:
        if bad.any():
            row = int(np.argmax(bad.to_numpy()))
            raise DataError(
                f"Expected {expected} in row {row + 1} of {path.name}, got {str(table[name].iloc[row])!r}: "
                "correct the row or evaluate the model again."
            )
    return table.assign(
        label=numbers["label"].astype("int64"),
        logit=numbers["logit"].astype("float64"),
        probability=numbers["probability"].astype("float64"),
    )


def _is_relative(path: str) -> bool:
    """Whether a path stays below the data root on every system and names no drive or home."""
    path = _ESCAPED_BYTE.sub("", path)
    windows = PureWindowsPath(path)
    return bool(
        path
        and "\\" not in path
        and not windows.anchor
        and not windows.drive
        and ".." not in PurePosixPath(path).parts
    )
