"""Every film decoded and letterboxed once, kept on disk as one array."""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fracture_core.datasets.cases import Case
from fracture_core.errors import SecondLookError, TrainingError
from fracture_core.file_names import encode_name
from fracture_core.imaging import InputSpec, letterbox, read_radiograph
from fracture_core.internal_errors import file_boundary
from fracture_core.io import disk_space
from fracture_core.io.atomic_write import write_atomically
from fracture_core.jobs.parallel import map_in_order
from fracture_core.jobs.progress import ProgressCallback

# Unreadable files that a sentence names.
_NAMED = 3

# Part of the key: raise it when `read_radiograph` or `letterbox` give other numbers.
_VERSION = 3

# A data set that was changed or given up leaves a cache behind that nobody asks for again.
_KEPT_DAYS = 30
# One that a killed process was filling is of no use to anybody; while it is filled, its time is now.
_KEPT_PARTIAL_DAYS = 1


@dataclass(frozen=True, eq=False)
class DecodedImages:
    """The films of a data set, decoded.

    Attributes:
        canvases: a read-only memory map, uint8 (n, height, width). The system keeps in memory what fits and
            reads the rest from the disk, so that a set of any size can be trained on.
        sizes: int (n, 2), height and width of each film as `read_radiograph` gave it; 0, 0 for one that could not be
        read,
            whose canvas is black and must not be used.
        files: int (n, 2), what `file_states` said before they were decoded.
        errors: why a film could not be read, a sentence by row.
    """

    canvases: np.ndarray
    sizes: np.ndarray
    files: np.ndarray
    errors: dict[int, str] = field(default_factory=dict)

    @property
    def readable(self) -> np.ndarray:
        """Which films could be read, bool (n,)."""
        return self.sizes[:, 0] > 0


def decode_images(
    cases: Sequence[Case], spec: InputSpec, folder: Path, progress: ProgressCallback | None = None
) -> DecodedImages:
    """The films of a data set as the network's canvases, from the cache where it is complete.

    Args:
        cases: the films.
        spec: the network's input.
        folder: where caches lie; its files may be deleted at any time between trainings, and those that nobody
            asked for in a month are, or that a killed process left half filled.
        progress: called with (stage, images done, images).

    Raises:
        TrainingError: the disk is full or the folder cannot be written.
    """
    files = file_states(cases)
    for case, (size, _) in zip(cases, files.tolist(), strict=True):
        if size < 0:
            raise TrainingError(
                f"Expected the film {case.path}, but it is gone: restore it or start a new run without it."
            )
    key = _cache_key(cases, files, spec)
    path, sizes_path = folder / f"{key}.npy", folder / f"{key}.sizes.npy"
    errors_path = folder / f"{key}.errors.json"
    if path.is_file() and sizes_path.is_file():
        if progress:
            progress("Reading images", len(cases), len(cases))
        for used in (path, sizes_path, errors_path):
            with contextlib.suppress(OSError):  # of another user: then it is his to keep
                used.touch()
        return DecodedImages(
            np.load(path, mmap_mode="r"), np.load(sizes_path), files, _load_errors(errors_path)
        )
    partial = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_old_caches(folder)
        shape = (len(cases), spec.height, spec.width)
        store = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        disk_space.preallocate(partial, partial.stat().st_size)
        sizes, errors = _fill(store, cases, spec, progress)
        store.flush()
        del store
        np.save(sizes_path, sizes)
        if errors:
            write_atomically(errors_path, json.dumps(errors))
        partial.replace(path)
    except OSError as error:
        raise TrainingError(
            f"Expected room for {len(cases)} decoded films in {folder}, but the disk said “{error.strerror}”: "
            "free some space or choose a smaller input size."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return DecodedImages(np.load(path, mmap_mode="r"), sizes, files, errors)


def load_canvas(case: Case, spec: InputSpec) -> tuple[np.ndarray, tuple[int, int]] | None:
    """A film as the network's canvas, uint8 (height, width), with its own height and width; None: unreadable."""
    try:
        return _canvas(case, spec)
    except SecondLookError:
        return None


def _canvas(case: Case, spec: InputSpec) -> tuple[np.ndarray, tuple[int, int]]:
    """See `load_canvas`.

    Raises:
        SecondLookError: the film cannot be read; the message says why.
    """
    with file_boundary():
        film = read_radiograph(case.path)
        return letterbox(film.pixels, spec.height, spec.width)[0], (film.height, film.width)


def _fill(
    store: np.ndarray, cases: Sequence[Case], spec: InputSpec, progress: ProgressCallback | None
) -> tuple[np.ndarray, dict[int, str]]:
    """Decodes every film into its row; their sizes, and why some could not be read."""

    def one(index: int) -> tuple[tuple[int, int], str]:
        try:
            pixels, size = _canvas(cases[index], spec)
        except SecondLookError as error:
            return (0, 0), str(error)
        store[index] = pixels
        return size, ""

    sizes = np.zeros((len(cases), 2), int)
    errors = {}
    for index, (size, error) in enumerate(map_in_order(one, range(len(cases)))):
        sizes[index] = size
        if error:
            errors[index] = error
        if progress:
            progress("Reading images", index + 1, len(cases))
    return sizes, errors


def _load_errors(path: Path) -> dict[int, str]:
    """Why films could not be read when they were decoded; empty where nothing was noted."""
    try:
        return {int(row): str(error) for row, error in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _remove_old_caches(folder: Path) -> None:
    """Deletes caches that nobody asked for in a month or fills; a training at work keeps what it has open."""
    for pattern, days in (
        ("*.npy", _KEPT_DAYS),
        ("*.errors.json", _KEPT_DAYS),
        ("*.tmp", _KEPT_PARTIAL_DAYS),
    ):
        for path in folder.glob(pattern):
            with contextlib.suppress(
                OSError
            ):  # in use, on a system that minds; or another training was faster
                if time.time() - path.stat().st_mtime > days * 86_400:
                    path.unlink()


def file_states(cases: Sequence[Case]) -> np.ndarray:
    """Length in bytes and time of change in nanoseconds of each film's file, int64 (n, 2); -1 where it is gone."""
    states = np.full((len(cases), 2), -1, np.int64)
    for row, case in enumerate(cases):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            stat = case.path.stat()
            states[row] = stat.st_size, stat.st_mtime_ns
    return states


def _cache_key(cases: Sequence[Case], files: np.ndarray, spec: InputSpec) -> str:
    """Changes when a file, its length, its time, the order or the canvas changes."""
    digest = hashlib.sha256(f"{_VERSION} {spec.height} {spec.width}".encode())
    for case, (size, changed) in zip(cases, files.tolist(), strict=True):
        digest.update(encode_name(f"\n{case.path} {size} {changed}"))
    return digest.hexdigest()[:32]


def left_out(errors: Mapping[str, str]) -> str:
    """The sentence on files that could not be read.

    Args:
        errors: the reason by case id; an empty one where it is not known.
    """
    count = len(errors)
    named = [f"{name}: {error}" if error else f"{name}." for name, error in list(errors.items())[:_NAMED]]
    if count > _NAMED:
        named.append(f"And {count - _NAMED:,} more.")
    words = "1 file could not be read and is" if count == 1 else f"{count:,} files could not be read and are"
    return " ".join([f"{words} left out.", *named])
