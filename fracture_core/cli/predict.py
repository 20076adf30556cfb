"""`predict`: opinions on files, as a table, JSON lines or CSV."""

import argparse
import csv
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fracture_core import places
from fracture_core.cli.quiet import load_keras
from fracture_core.data.layouts.files import images
from fracture_core.errors import SecondLookError
from fracture_core.words import Verdict, verdict_words

#: The fields of a row, in order; a contract with whoever reads the output.
FIELDS = (
    "path",
    "probability",
    "verdict",
    "model",
    "model_sha256",
    "gate",
    "regions",
    "region_probabilities",
    "peak",
    "seconds",
    "error",
)


def add(commands) -> None:
    """Adds the command's arguments."""
    parser = commands.add_parser("predict", help="give an opinion on radiographs")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    parser.add_argument("--model", metavar="ID", help="a model; default: the one in use")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table")
    parser.add_argument(
        "--heatmaps", type=Path, metavar="DIR", help="write each film with its heatmap as PNG here"
    )
    parser.add_argument("--no-heatmap", action="store_true", help="skip the heatmap: faster, no peak")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Judges every file; goes on past a bad one."""
    load_keras()
    from fracture_core.opinion import Reader
    from fracture_core.registry.store import ModelStore

    reader = Reader(ModelStore(places.models()), chosen.model)
    if chosen.heatmaps:
        try:
            chosen.heatmaps.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SecondLookError(
                f"Expected a folder for heatmaps at {chosen.heatmaps}, but the disk said “{error.strerror}”: "
                "choose another."
            ) from error
    pictures: set[str] = set()
    write: _Lines | _Csv | _Table
    match chosen.format:
        case "json":
            write = _Lines()
        case "csv":
            write = _Csv()
        case _:
            write = _Table(reader.card.finding)
    failed = False
    for path in _files(chosen.paths):
        row = _row(reader, path, not chosen.no_heatmap, chosen.heatmaps, pictures)
        failed |= row["error"] is not None
        write.row(row)
    return int(failed)


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            # A folder without images is judged itself, and so becomes a row with an error.
            yield from images(path) or [path]
        else:
            yield path


def _row(reader, path: Path, heatmap: bool, folder: Path | None, pictures: set[str]) -> dict[str, Any]:
    """One row; a file that cannot be read becomes a row with an error."""
    began = time.perf_counter()
    row: dict[str, Any] = dict.fromkeys(FIELDS)
    row.update(path=str(path), model=reader.card.id, regions=[], region_probabilities={})
    try:
        opinion = reader.opinion(path, heatmap=heatmap or folder is not None)
        row.update(opinion.to_json())
        if opinion.heat is not None and folder is not None:
            _save(opinion, folder / _free_name(path.stem, pictures))
    except SecondLookError as error:
        row["error"] = str(error)
        row["seconds"] = round(time.perf_counter() - began, 3)
    return row


def _free_name(stem: str, taken: set[str]) -> str:
    """A file name that no film before had: films of several folders may share theirs."""
    tries = (
        f"{stem}{mark}.heatmap.png" for mark in ("", *(f"-{number}" for number in range(2, len(taken) + 3)))
    )
    name = next(name for name in tries if name not in taken)
    taken.add(name)
    return name


def _save(opinion, path: Path) -> None:
    from fracture_core.imaging import blend, to_png

    try:
        path.write_bytes(to_png(blend(opinion.film.pixels, opinion.heat.on_film(), 0.6)))
    except OSError as error:
        raise SecondLookError(
            f"Expected to write the heatmap to {path}, but the disk said “{error.strerror}”: choose another folder."
        ) from error


class _Lines:
    """One JSON object a line, flushed, so that a pipe sees each as it comes."""

    def row(self, row: dict[str, Any]) -> None:
        print(json.dumps(row, ensure_ascii=False), flush=True)


class _Csv:
    """A header and a row a file; the gate's reasons joined."""

    def __init__(self) -> None:
        self._writer = csv.writer(sys.stdout, lineterminator="\n")
        self._writer.writerow(FIELDS)

    def row(self, row: dict[str, Any]) -> None:
        gate = row["gate"]
        flat = {
            **row,
            "gate": ": ".join([gate["state"], "; ".join(gate["reasons"])]).rstrip(": ") if gate else "",
            "regions": " ".join(row["regions"]),
            "region_probabilities": " ".join(map(str, row["region_probabilities"].values())),
            "peak": " ".join(map(str, row["peak"])) if row["peak"] else "",
        }
        self._writer.writerow("" if flat[name] is None else flat[name] for name in FIELDS)
        sys.stdout.flush()


class _Table:
    """Columns for a person; what the gate says stands below its film."""

    def __init__(self, finding: str) -> None:
        self._finding = finding

    def row(self, row: dict[str, Any]) -> None:
        gate = row["gate"] or {"state": "", "reasons": []}
        verdict = verdict_words(Verdict(row["verdict"]), self._finding) if row["verdict"] else "no opinion"
        words = row["error"] or verdict
        share = "      " if row["probability"] is None else f"{row['probability']:6.1%}"
        print(f"{share}  {words:<20}  {row['path']}", flush=True)
        for reason in gate["reasons"]:
            print(f"        {gate['state']}: {reason}", flush=True)
