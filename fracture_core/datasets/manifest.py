"""The manifest: a data set as one table, `layouts/manifest.py` reads what this writes."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from fracture_core.datasets.cases import Case
from fracture_core.datasets.catalogue import Catalogue
from fracture_core.errors import DataError
from fracture_core.file_names import escape_name

#: What a folder's own manifest is called.
MANIFEST_NAME = "manifest.csv"

#: Columns in the order in which they are written; read in any order and among others.
MANIFEST_COLUMNS = ("path", "label", "id", "split", "group", "region", "view", "hardware", "boxes")

#: Columns that follow where the films were taken from a known set: its folder and its layout, the same in each line.
SOURCE_COLUMNS = ("set_root", "set_layout")

#: Columns that a manifest must have.
REQUIRED_COLUMNS = ("path", "label")

#: How the two labels are written, by finding; `spellings` tells them back.
MANIFEST_LABELS = {"fracture": ("no_fracture", "fractured"), "abnormality": ("no_abnormality", "abnormal")}

_HARDWARE = {None: "", False: "0", True: "1"}


def write_manifest(path: Path, cases: Sequence[Case], finding: str, source: Catalogue | None = None) -> None:
    """Writes cases as a manifest that reads back equal.

    Films below the manifest's folder are named relative to it, others by their whole path. The file appears
    complete or not at all.

    Args:
        path: the file to write.
        cases: what to write; their regions and views are single words.
        finding: what label 1 means, a name of `vocabulary.FINDINGS`.
        source: the set that the cases were taken from, so that what is trained on them names its data, licence and
            limits as what is trained on the set itself; None where they are a set of their own.

    Raises:
        DataError: the file cannot be written there.
    """
    folder = Path(os.path.normpath(path.parent.absolute()))
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(MANIFEST_COLUMNS if source is None else MANIFEST_COLUMNS + SOURCE_COLUMNS)
            told = (
                ()
                if source is None
                else (_manifest_path(source.root, folder), source.source or source.layout)
            )
            writer.writerows(_row(case, folder, finding) + told for case in cases)
        partial.replace(path)
    except (OSError, UnicodeEncodeError) as error:
        partial.unlink(missing_ok=True)
        raise DataError(
            f"Expected to write a manifest to {path}, but that failed ({error}): choose another place."
        ) from error


def _row(case: Case, folder: Path, finding: str) -> tuple[str, ...]:
    return (
        _manifest_path(case.path, folder),
        MANIFEST_LABELS[finding][case.label],
        case.id,
        case.split,
        case.group,
        " ".join(case.regions),
        " ".join(case.views),
        _HARDWARE[case.hardware],
        ";".join(" ".join(repr(float(edge)) for edge in box) for box in case.boxes),
    )


def _manifest_path(path: Path, folder: Path) -> str:
    """A path relative to the manifest's folder where it lies there, else whole; escaped by `escape_name`."""
    path = Path(os.path.normpath(path.absolute()))
    return escape_name((path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix())
