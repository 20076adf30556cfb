"""Batch scoring of an archive on Dask: the opinion on every image of a folder, a list or a manifest as a Parquet file.

The paths are divided into shards. Dask workers score the shards, and the client writes one part file per shard, so that
an interrupted run continues where it stopped. Memory use does not depend on the number of images.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from fracture_core.datasets.layouts.image_files import iterate_images
from fracture_core.errors import DataError, SecondLookError
from fracture_core.file_names import escape_name, unescape_name
from fracture_core.internal_errors import file_boundary
from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import parse_json
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.registry.store import ModelStore

if TYPE_CHECKING:
    from distributed import Client, Future

    from fracture_core.inference.predictor import Predictor

#: Columns of the result.
SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("probability", pa.float64()),
        ("verdict", pa.string()),
        ("model", pa.string()),
        ("model_sha256", pa.string()),
        ("gate_state", pa.string()),
        ("gate_reasons", pa.list_(pa.string())),
        ("regions", pa.list_(pa.string())),
        ("region_probabilities", pa.list_(pa.float64())),
        ("peak_x", pa.int32()),
        ("peak_y", pa.int32()),
        ("seconds", pa.float64()),
        ("error", pa.string()),
    ]
)

#: Images of a shard; an interruption loses at most the shards in progress.
SHARD_SIZE = 256

_SETTINGS_NAME, _PATHS_NAME = "settings.json", "paths.jsonl"

# Shards that wait at the scheduler for each worker, so that no worker is idle and few results pile up.
_SHARDS_PER_WORKER = 2

_WORKER_ENDED = "The worker process ended while it read this image, perhaps because memory ran out."

Row = dict[str, Any]


@dataclass(frozen=True)
class ScoringSettings:
    """Settings of a batch scoring; an interrupted one can continue only with the same settings.

    Attributes:
        source: The folder, list or manifest.
        models: Folder of the models, which every worker can read under this path.
        model: Id of the model.
        sha256: Hash of its weights.
        shard_size: Images of a shard.
        ignore_scope: Whether images out of scope according to their DICOM header are predicted too.
    """

    source: str
    models: str
    model: str
    sha256: str
    shard_size: int = SHARD_SIZE
    ignore_scope: bool = False


@dataclass(frozen=True)
class ScoringResult:
    """Outcome of a batch scoring.

    Attributes:
        images: Number of rows.
        errors: Number of rows with an error.
        scored_now: Number of images that this run scored; the others were scored before an interruption.
    """

    images: int
    errors: int
    scored_now: int


def iterate_source(source: Path) -> Iterator[str]:
    """Iterate over the image paths of a source.

    Args:
        source: A folder; a CSV manifest with the column `path`; or a text file with one path a line. Relative paths
            are relative to the folder of the file.

    Yields:
        Paths. Those of a folder are sorted folder by folder.

    Raises:
        DataError: The source is missing or cannot be read, or the manifest has no column `path`.
    """
    if source.is_dir():
        yield from (str(path) for path in iterate_images(source))
        return
    try:
        with source.open(encoding="utf-8-sig", newline="") as file:
            if source.suffix.lower() != ".csv":
                names: Iterable[str] = (line.rstrip("\r\n") for line in file)
            else:
                rows = csv.DictReader(file)
                if "path" not in (rows.fieldnames or ()):
                    raise DataError(f"{source} has no column “path”: add one with the path of each image.")
                names = (row["path"] for row in rows)
            for name in names:
                if name and name.strip():
                    yield str(source.parent / unescape_name(name))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{source} cannot be read ({error}): give a folder of images, a CSV manifest with the column “path”, or a "
            "UTF-8 text file with one path a line."
        ) from error


def score_source(
    settings: ScoringSettings, out: Path, client: Client, progress: ProgressCallback
) -> ScoringResult:
    """Score all images of a source and write the result.

    Args:
        settings: Source, model and options.
        out: Parquet file to write, one row per image in the order of the source. Until it is complete, the finished
            parts are in the folder `OUT.parts`; a run with the same settings continues from them.
        client: Dask client.
        progress: Called with (stage, images done, images). An exception it raises ends the run; finished parts remain.

    Returns:
        The counts.

    Raises:
        DataError: The source cannot be read or has no images, `out` exists, or `OUT.parts` belongs to other settings.
        OSError: A file cannot be written.
    """
    if out.exists():
        raise DataError(f"{out} exists already: choose another name, or delete the file.")
    folder = out.with_name(f"{out.name}.parts")
    _prepare_folder(folder, settings)
    total = sum(1 for _ in _read_paths(folder))
    if not total:
        shutil.rmtree(folder)
        raise DataError(f"{settings.source} has no images: check the path.")
    missing = [number for number, path in _part_paths(folder, settings) if not path.is_file()]
    done = total - _count(missing, total, settings.shard_size)
    scored_before = done
    progress("Scoring images", done, total)
    for number, rows in _score_shards(settings, folder, missing, client):
        _write_part(_part_path(folder, number), rows)
        done += len(rows)
        progress("Scoring images", done, total)
    errors = _merge(folder, settings, out)
    shutil.rmtree(folder)
    return ScoringResult(total, errors, total - scored_before)


def score_shard(settings: ScoringSettings, paths: list[str]) -> list[Row]:
    """Score some images; runs in a worker.

    Args:
        settings: Model and options.
        paths: The images.

    Returns:
        One row per image, in order, with the columns of `SCHEMA`. An image that cannot be read has an error.
    """
    predictor = _load_predictor(settings.models, settings.model, settings.sha256)
    options = {"ignore_scope": True} if settings.ignore_scope else {}
    return [_score_image(predictor, settings, Path(path), options) for path in paths]


@lru_cache(maxsize=1)
def _load_predictor(models: str, model_id: str, sha256: str) -> Predictor:
    """Load the model once per worker process."""
    from fracture_core.inference.predictor import Predictor

    predictor = Predictor(ModelStore(Path(models)), model_id)
    if predictor.card.weights.sha256 != sha256:
        raise DataError(
            f"The worker has another version of the model {model_id}: update the models in {models}."
        )
    return predictor


def _score_image(
    predictor: Predictor, settings: ScoringSettings, path: Path, options: dict[str, bool]
) -> Row:
    started = time.perf_counter()
    try:
        with file_boundary():
            # A heatmap that needs TensorFlow would take longer than the prediction.
            opinion = predictor.predict(path, heatmap=predictor.has_heatmap, **options)
            values = opinion.to_json()
    except SecondLookError as error:
        return {
            **_empty_row(settings, str(path)),
            "seconds": time.perf_counter() - started,
            "error": str(error),
        }
    x, y = values["peak"] or (None, None)
    return {
        **_empty_row(settings, str(path)),
        "probability": opinion.probability,
        "verdict": values["verdict"],
        "gate_state": values["gate"]["state"],
        "gate_reasons": values["gate"]["reasons"],
        "regions": values["regions"],
        "region_probabilities": list(values["region_probabilities"].values()),
        "peak_x": x,
        "peak_y": y,
        "seconds": values["seconds"],
    }


def _empty_row(settings: ScoringSettings, path: str) -> Row:
    row: Row = dict.fromkeys(SCHEMA.names)
    row.update(path=escape_name(path), model=settings.model, model_sha256=settings.sha256)
    row.update(gate_reasons=[], regions=[], region_probabilities=[])
    return row


def _prepare_folder(folder: Path, settings: ScoringSettings) -> None:
    """Create the folder of parts with the settings and the list of images, or check that its settings are the same."""
    path = folder / _SETTINGS_NAME
    if path.is_file():
        if parse_json(path.read_text(encoding="utf-8")) != asdict(settings):
            raise DataError(
                f"{folder} contains the parts of a scoring with other settings: delete the folder or choose another "
                "output file."
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{_PATHS_NAME}.partial"
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(name)}\n" for name in iterate_source(Path(settings.source)))
    except DataError:
        shutil.rmtree(folder)
        raise
    partial.replace(folder / _PATHS_NAME)
    # Written last: a folder with settings has a complete list.
    write_atomically(path, json.dumps(asdict(settings), indent=2))


def _read_paths(folder: Path) -> Iterator[str]:
    with (folder / _PATHS_NAME).open(encoding="utf-8") as file:
        for line in file:
            yield parse_json(line)


def _read_shards(folder: Path, size: int) -> Iterator[tuple[int, list[str]]]:
    names = _read_paths(folder)
    number = 0
    while shard := list(islice(names, size)):
        yield number, shard
        number += 1


def _part_paths(folder: Path, settings: ScoringSettings) -> Iterator[tuple[int, Path]]:
    for number, _ in _read_shards(folder, settings.shard_size):
        yield number, _part_path(folder, number)


def _part_path(folder: Path, number: int) -> Path:
    return folder / f"{number:08d}.parquet"


def _count(numbers: list[int], total: int, size: int) -> int:
    """Images in some shards."""
    return sum(min(size, total - number * size) for number in numbers)


def _score_shards(
    settings: ScoringSettings, folder: Path, missing: list[int], client: Client
) -> Iterator[tuple[int, list[Row]]]:
    """Score shards and yield them in the order in which they finish."""
    from distributed import as_completed

    wanted = set(missing)
    waiting = (shard for shard in _read_shards(folder, settings.shard_size) if shard[0] in wanted)
    running: dict[str, tuple[int, list[str]]] = {}

    def submit(shard: tuple[int, list[str]]) -> Future[list[Row]]:
        key = f"shard-{shard[0]}-{hashlib.sha256(folder.as_posix().encode()).hexdigest()[:12]}"
        running[key] = shard
        return client.submit(score_shard, settings, shard[1], key=key, pure=False)

    in_flight = _SHARDS_PER_WORKER * max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
    completed = as_completed([submit(shard) for shard in islice(waiting, in_flight)])
    for future in completed:
        number, names = running.pop(future.key)
        yield number, _shard_rows(future, settings, names, client)
        future.release()
        if (shard := next(waiting, None)) is not None:
            completed.add(submit(shard))


def _shard_rows(
    future: Future[list[Row]], settings: ScoringSettings, names: list[str], client: Client
) -> list[Row]:
    """Return the rows of a shard. If its worker died repeatedly, each image is scored on its own."""
    from distributed import KilledWorker

    try:
        rows: list[Row] = future.result()
        return rows
    except KilledWorker:
        return [_score_alone(settings, name, client) for name in names]


def _score_alone(settings: ScoringSettings, name: str, client: Client) -> Row:
    from distributed import KilledWorker

    try:
        (row,) = client.submit(score_shard, settings, [name], pure=False).result()
        return dict(row)
    except KilledWorker:
        return {**_empty_row(settings, name), "error": _WORKER_ENDED}


def _write_part(path: Path, rows: list[Row]) -> None:
    partial = path.with_suffix(".partial")
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), partial)
    partial.replace(path)


def _merge(folder: Path, settings: ScoringSettings, out: Path) -> int:
    """Join the parts in order; return the number of rows with an error."""
    errors = 0
    partial = folder / "merged.partial"
    with pq.ParquetWriter(partial, SCHEMA) as writer:
        for _, path in _part_paths(folder, settings):
            table = pq.read_table(path, schema=SCHEMA)
            errors += table.num_rows - table["error"].null_count
            writer.write_table(table)
    partial.replace(out)
    return errors
