"""Manifests: a dataset as one CSV table. `layouts/manifest.py` reads what this module writes."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from fracture_core.datasets.cases import Case
from fracture_core.datasets.catalogue import Catalogue
from fracture_core.errors import DataError
from fracture_core.file_names import escape_name

#: File name of the manifest in a dataset folder.
MANIFEST_NAME = "manifest.csv"

#: Columns in the order in which they are written. They are read in any order; other columns are ignored.
MANIFEST_COLUMNS = ("path", "label", "id", "split", "group", "region", "view", "hardware", "boxes")

#: Additional columns for images of a known dataset: its folder and layout, the same in every line.
SOURCE_COLUMNS = ("set_root", "set_layout")

#: Columns that a manifest must have.
REQUIRED_COLUMNS = ("path", "label")

#: Names of labels 0 and 1 by finding; `class_names` reads them back.
MANIFEST_LABELS = {"fracture": ("no_fracture", "fractured"), "abnormality": ("no_abnormality", "abnormal")}

_HARDWARE = {None: "", False: "0", True: "1"}


def write_manifest(path: Path, cases: Sequence[Case], finding: str, source: Catalogue | None = None) -> None:
    """Write cases to a manifest that reads back equal.

    Paths below the folder of the manifest are relative, others absolute. The file is written atomically.

    Args:
        path: file to write.
        cases: cases whose regions and views are single words.
        finding: meaning of label 1, a name of `vocabulary.FINDINGS`.
        source: dataset that the cases come from; None for a dataset of its own. Models trained on the manifest
            inherit licence, citation and limitations of the source.

    Raises:
        DataError: If the file cannot be written.
    """
    folder = Path(os.path.normpath(path.parent.absolute()))
    partial = path.with_name(f"{path.name}.partial")
    source_values: tuple[str, ...] = ()
    if source is not None:
        source_values = (_manifest_path(source.root, folder), source.source or source.layout)
    try:
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(MANIFEST_COLUMNS if source is None else MANIFEST_COLUMNS + SOURCE_COLUMNS)
            writer.writerows(_row(case, folder, finding) + source_values for case in cases)
        partial.replace(path)
    except (OSError, UnicodeEncodeError) as error:
        partial.unlink(missing_ok=True)
        raise DataError(
            f"The manifest {path} could not be written ({error}): choose another place."
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
    """A path relative to the manifest's folder if it lies below it, else absolute; escaped by `escape_name`."""
    path = Path(os.path.normpath(path.absolute()))
    return escape_name((path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix())
