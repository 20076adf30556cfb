"""`predict`: opinions on files, as a table, JSON lines or CSV."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fracture_core import paths
from fracture_core.cli.quiet_keras import load_keras
from fracture_core.cli.saved_outputs import SavedOutputs
from fracture_core.datasets.layouts.image_files import find_images
from fracture_core.errors import SecondLookError
from fracture_core.internal_errors import file_boundary
from fracture_core.report import sentences
from fracture_core.report.table import OPINION_FIELDS, flatten_row

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion, Predictor

#: The fields of a row, in order.
PREDICT_FIELDS = ("path", *OPINION_FIELDS)


def add(commands) -> None:
    """Adds the command's arguments."""
    parser = commands.add_parser("predict", help="give an opinion on radiographs")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    parser.add_argument("--model", metavar="ID", help="a model; default: the one in use")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table")
    parser.add_argument(
        "--heatmaps", type=Path, metavar="DIR", help="write each film with its heatmap as PNG here"
    )
    parser.add_argument(
        "--pdf", type=Path, metavar="DIR", help="write a report of one page on each film here"
    )
    parser.add_argument(
        "--dicom",
        type=Path,
        metavar="DIR",
        help="write a secondary capture and a structured report for the study of each DICOM film here; "
        "they name its patient",
    )
    parser.add_argument(
        "--keep-names",
        action="store_true",
        help="name reports and DICOM results after the films' files instead of film-1, film-2 …, for such a name "
        "may be that of a person",
    )
    parser.add_argument("--no-heatmap", action="store_true", help="skip the heatmap: faster, no peak")
    parser.add_argument(
        "--ignore-scope",
        action="store_true",
        help="give an opinion on images whose DICOM header names a body part or modality that the model does not "
        "cover; it carries a warning",
    )
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Judges every file; goes on past a bad one and past an unexpected exception on one."""
    load_keras()
    from fracture_core.inference.predictor import Predictor
    from fracture_core.registry.release_checks import model_warning
    from fracture_core.registry.store import ModelStore

    reader = Predictor(ModelStore(paths.models_dir()), chosen.model)
    if warning := model_warning(reader.card):
        print(warning, file=sys.stderr)
    saved = SavedOutputs(chosen.heatmaps, chosen.pdf, chosen.dicom, chosen.keep_names)
    write: _Lines | _Csv | _Table
    match chosen.format:
        case "json":
            write = _Lines()
        case "csv":
            write = _Csv()
        case _:
            write = _Table()
    failed = False
    for number, path in enumerate(_files(chosen.paths), 1):
        row, opinion = _row(reader, path, number, chosen, saved)
        failed |= row["error"] is not None
        write.row(row, opinion)
    return int(failed)


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            # A folder without images is judged itself, and so becomes a row with an error.
            yield from find_images(path) or [path]
        else:
            yield path


def _row(
    reader: Predictor, path: Path, number: int, chosen: argparse.Namespace, saved: SavedOutputs
) -> tuple[dict[str, Any], Opinion | None]:
    """One row and its opinion; a file that cannot be read becomes a row with an error."""
    opinion = None
    began = time.perf_counter()
    row: dict[str, Any] = dict.fromkeys(PREDICT_FIELDS)
    row.update(path=str(path), model=reader.card.id, regions=[], region_probabilities={})
    try:
        with file_boundary():
            heatmap = not chosen.no_heatmap or saved.is_needed
            options = {"ignore_scope": True} if chosen.ignore_scope else {}
            opinion = reader.predict(path, heatmap, **options)
            row.update(opinion.to_json())
            saved.write(opinion, path, number)
    except SecondLookError as error:
        row["error"] = str(error)
        row["seconds"] = round(time.perf_counter() - began, 3)
    return row, opinion


class _Lines:
    """One JSON object a line, flushed, so that a pipe sees each as it comes."""

    def row(self, row: dict[str, Any], opinion: Opinion | None) -> None:
        print(json.dumps(row, ensure_ascii=False), flush=True)


class _Csv:
    """A header and a row a file."""

    def __init__(self) -> None:
        self._writer = csv.writer(sys.stdout, lineterminator="\n")
        self._writer.writerow(PREDICT_FIELDS)

    def row(self, row: dict[str, Any], opinion: Opinion | None) -> None:
        self._writer.writerow(flatten_row(row, PREDICT_FIELDS))
        sys.stdout.flush()


class _Table:
    """Columns for a person; what the gate says stands below its film."""

    def row(self, row: dict[str, Any], opinion: Opinion | None) -> None:
        gate = row["gate"] or {"state": "", "reasons": []}
        words = row["error"] or (sentences.verdict_headline(opinion) if opinion else "")
        words = words if row["error"] else f"{words[:1].lower()}{words[1:]}"
        share = "      " if row["probability"] is None else f"{row['probability']:6.1%}"
        print(f"{share}  {words:<24}  {row['path']}", flush=True)
        for reason in gate["reasons"]:
            print(f"        {gate['state']}: {reason}", flush=True)
