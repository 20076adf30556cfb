"""The command `predict`: opinions on image files as a table, JSON lines or CSV."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fracture_core.cli.command_helpers import Subparsers, open_model_store
from fracture_core.errors import SecondLookError
from fracture_core.report.table import OPINION_FIELDS, flatten_row

if TYPE_CHECKING:
    from fracture_core.cli.saved_outputs import SavedOutputs
    from fracture_core.inference.predictor import Opinion, Predictor

#: The JSON fields and CSV columns of a file, in order.
PREDICT_FIELDS = ("path", *OPINION_FIELDS)


def add_parser(commands: Subparsers) -> None:
    """Define the arguments of the command."""
    parser = commands.add_parser(
        "predict",
        description="Give a second opinion on radiographs: DICOM, PNG, JPEG, TIFF, BMP or WebP. A file that cannot be "
        "read is reported with an error; the other files are still processed (exit status 1).",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    parser.add_argument("--model", metavar="ID", help="the model; default: the model in use")
    parser.add_argument(
        "--format",
        choices=("table", "json", "csv"),
        default="table",
        help="output format, json with one object per line; default: %(default)s",
    )
    parser.add_argument(
        "--heatmaps", type=Path, metavar="DIR", help="write each image with its heatmap as PNG here"
    )
    parser.add_argument("--pdf", type=Path, metavar="DIR", help="write a one-page report on each image here")
    parser.add_argument(
        "--dicom",
        type=Path,
        metavar="DIR",
        help="write a secondary capture and a structured report on each DICOM image here; they contain the name of the "
        "patient",
    )
    parser.add_argument(
        "--keep-names",
        action="store_true",
        help="name reports and DICOM results after the image files instead of film-1, film-2 …; a file name may "
        "contain the name of a patient",
    )
    parser.add_argument("--no-heatmap", action="store_true", help="do not compute heatmaps: faster, no peak")
    parser.add_argument(
        "--ignore-scope",
        action="store_true",
        help="also give an opinion, with a warning, on images that are refused: out of scope, poor, or not a "
        "radiograph",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Predict every file and print one row per file; a file with an error does not stop the others."""
    from fracture_core.cli.saved_outputs import SavedOutputs
    from fracture_core.inference.predictor import Predictor
    from fracture_core.registry.release_checks import model_warning

    predictor = Predictor(open_model_store(), args.model)
    if warning := model_warning(predictor.card):
        print(warning, file=sys.stderr)
    outputs = SavedOutputs(args.heatmaps, args.pdf, args.dicom, args.keep_names)
    writers: dict[str, type[_RowWriter]] = {"json": _JsonLines, "csv": _Csv, "table": _Table}
    writer = writers[args.format]()
    any_error = False
    for number, path in enumerate(_image_files(args.paths), 1):
        row, opinion = _predict_file(predictor, path, number, args, outputs)
        any_error |= row["error"] is not None
        writer.write_row(row, opinion)
    return int(any_error)


def _image_files(paths: Iterable[Path]) -> Iterable[Path]:
    from fracture_core.datasets.layouts.image_files import find_images

    for path in paths:
        if path.is_dir():
            # A folder without images is passed on itself and becomes a row with an error.
            yield from find_images(path) or [path]
        else:
            yield path


def _predict_file(
    predictor: Predictor, path: Path, number: int, args: argparse.Namespace, outputs: SavedOutputs
) -> tuple[dict[str, Any], Opinion | None]:
    """The row of a file and its opinion; a file that cannot be read becomes a row with an error."""
    from fracture_core.internal_errors import file_boundary

    opinion = None
    started = time.perf_counter()
    row: dict[str, Any] = dict.fromkeys(PREDICT_FIELDS)
    row.update(path=str(path), model=predictor.card.id, regions=[], region_probabilities={}, findings=[])
    try:
        with file_boundary():
            heatmap = not args.no_heatmap or outputs.needs_heatmap
            options = {"ignore_scope": True} if args.ignore_scope else {}
            opinion = predictor.predict(path, heatmap, **options)
            row.update(opinion.to_json())
            outputs.write(opinion, path, number)
    except SecondLookError as error:
        row["error"] = str(error)
        row["seconds"] = round(time.perf_counter() - started, 3)
    return row, opinion


class _RowWriter(Protocol):
    def write_row(self, row: dict[str, Any], opinion: Opinion | None) -> None: ...


class _JsonLines:
    """One JSON object per line, flushed, so that a pipe receives each row at once."""

    def write_row(self, row: dict[str, Any], opinion: Opinion | None) -> None:
        print(json.dumps(row, ensure_ascii=False), flush=True)


class _Csv:
    """A header and one row per file."""

    def __init__(self) -> None:
        self._writer = csv.writer(sys.stdout, lineterminator="\n")
        self._writer.writerow(PREDICT_FIELDS)

    def write_row(self, row: dict[str, Any], opinion: Opinion | None) -> None:
        self._writer.writerow(flatten_row(row, PREDICT_FIELDS))
        sys.stdout.flush()


class _Table:
    """Columns for people; warnings and reasons follow below their file."""

    def write_row(self, row: dict[str, Any], opinion: Opinion | None) -> None:
        from fracture_core.report import sentences

        gate = row["gate"] or {"state": "", "reasons": []}
        headline = sentences.verdict_headline(opinion) if opinion else ""
        text = row["error"] or f"{headline[:1].lower()}{headline[1:]}"
        probability = "      " if row["probability"] is None else f"{row['probability']:6.1%}"
        print(f"{probability}  {text:<24}  {row['path']}", flush=True)
        for reason in gate["reasons"]:
            print(f"        {gate['state']}: {reason}", flush=True)
