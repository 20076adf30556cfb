"""Letterboxed images of a dataset, decoded once and cached on disk as one array."""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fracture_core.datasets.cases import Case
from fracture_core.errors import SecondLookError, TrainingError
from fracture_core.file_names import encode_name
from fracture_core.imaging import InputSpec, letterbox, read_radiograph
from fracture_core.internal_errors import file_boundary
from fracture_core.io import disk_space
from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import parse_json
from fracture_core.jobs.parallel import map_in_order
from fracture_core.jobs.progress import ProgressCallback

# Maximum number of unreadable files that a message names.
_MAX_NAMED = 3

# Part of the cache key: increase it if `read_radiograph` or `letterbox` return other pixels.
_VERSION = 3

# Age in days after which an unused cache is deleted, and a partial file that a killed process left behind.
_MAX_AGE = 30
_MAX_PARTIAL_AGE = 1


@dataclass(frozen=True, eq=False)
class DecodedImages:
    """Decoded images of a dataset.

    Attributes:
        canvases: Letterboxed images, a read-only memory map, uint8 (n, height, width). The system keeps in memory what
            fits and reads the rest from disk, so that datasets of any size can be used.
        sizes: Height and width of each image from `read_radiograph`, int (n, 2). An unreadable image has the size 0, 0
            and a black canvas.
        files: Result of `file_states` before decoding, int64 (n, 2).
        errors: Error message of each unreadable image by row.
    """

    canvases: NDArray[np.uint8]
    sizes: NDArray[np.intp]
    files: NDArray[np.int64]
    errors: dict[int, str] = field(default_factory=dict)

    @property
    def readable(self) -> NDArray[np.bool_]:
        """Whether each image could be read, bool (n,)."""
        return self.sizes[:, 0] > 0


def decode_images(
    cases: Sequence[Case], spec: InputSpec, folder: Path, progress: ProgressCallback | None = None
) -> DecodedImages:
    """Decode the images of a dataset, or load them from the cache.

    Args:
        cases: Cases of the dataset.
        spec: Input of the network.
        folder: Folder of the caches. Caches that were not used for a month and abandoned partial files are deleted.
        progress: Called with (stage, images done, images).

    Returns:
        The decoded images, in the order of `cases`.

    Raises:
        TrainingError: A file is missing, the disk is full, or the folder cannot be written.
    """
    files = file_states(cases)
    for case, (size, _) in zip(cases, files.tolist(), strict=True):
        if size < 0:
            raise TrainingError(f"{case.path} no longer exists: restore it, or start a new run without it.")
    key = _cache_key(cases, files, spec)
    path, sizes_path = folder / f"{key}.npy", folder / f"{key}.sizes.npy"
    errors_path = folder / f"{key}.errors.json"
    if path.is_file() and sizes_path.is_file():
        if progress:
            progress("Reading images", len(cases), len(cases))
        for used in (path, sizes_path, errors_path):
            with contextlib.suppress(OSError):  # a cache of another user
                used.touch()
        return DecodedImages(
            np.load(path, mmap_mode="r"), np.load(sizes_path), files, _load_errors(errors_path)
        )
    partial = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_old_caches(folder)
        shape = (len(cases), spec.height, spec.width)
        canvases = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        disk_space.preallocate(partial, partial.stat().st_size)
        sizes, errors = _fill(canvases, cases, spec, progress)
        canvases.flush()
        del canvases
        np.save(sizes_path, sizes)
        if errors:
            write_atomically(errors_path, json.dumps(errors))
        partial.replace(path)
    except OSError as error:
        raise TrainingError(
            f"Cannot store {len(cases)} decoded images in {folder} ({error.strerror}): free some disk space or choose "
            "a smaller input size."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return DecodedImages(np.load(path, mmap_mode="r"), sizes, files, errors)


def load_canvas(case: Case, spec: InputSpec) -> tuple[NDArray[np.uint8], tuple[int, int]] | None:
    """Decode one image.

    Args:
        case: Case to decode.
        spec: Input of the network.

    Returns:
        The letterboxed image, uint8 (height, width), and the height and width of the original; None if unreadable.
    """
    try:
        return _decode(case, spec)
    except SecondLookError:
        return None


def _decode(case: Case, spec: InputSpec) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Decode one image like `load_canvas`, but raise a `SecondLookError` if it is unreadable."""
    with file_boundary():
        radiograph = read_radiograph(case.path)
        canvas = letterbox(radiograph.pixels, spec.height, spec.width)[0]
        return canvas, (radiograph.height, radiograph.width)


def _fill(
    canvases: NDArray[np.uint8], cases: Sequence[Case], spec: InputSpec, progress: ProgressCallback | None
) -> tuple[NDArray[np.intp], dict[int, str]]:
    """Decode every image into its row; return the original sizes and the error messages by row."""

    def decode(row: int) -> tuple[tuple[int, int], str]:
        try:
            canvas, size = _decode(cases[row], spec)
        except SecondLookError as error:
            return (0, 0), str(error)
        canvases[row] = canvas
        return size, ""

    sizes = np.zeros((len(cases), 2), int)
    errors = {}
    for row, (size, error) in enumerate(map_in_order(decode, range(len(cases)))):
        sizes[row] = size
        if error:
            errors[row] = error
        if progress:
            progress("Reading images", row + 1, len(cases))
    return sizes, errors


def _load_errors(path: Path) -> dict[int, str]:
    """Load the error messages of decoding by row; empty if there are none."""
    try:
        return {int(row): str(error) for row, error in parse_json(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _remove_old_caches(folder: Path) -> None:
    """Delete caches and partial files that have not been used for a while."""
    for pattern, days in (
        ("*.npy", _MAX_AGE),
        ("*.errors.json", _MAX_AGE),
        ("*.tmp", _MAX_PARTIAL_AGE),
    ):
        for path in folder.glob(pattern):
            # The file may be open on Windows, or another process may have deleted it.
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > days * 86_400:
                    path.unlink()


def file_states(cases: Sequence[Case]) -> NDArray[np.int64]:
    """Return the size in bytes and modification time in nanoseconds of each file.

    Args:
        cases: Cases whose files are inspected.

    Returns:
        int64 (n, 2); −1 for a missing file.
    """
    states = np.full((len(cases), 2), -1, np.int64)
    for row, case in enumerate(cases):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            stat = case.path.stat()
            states[row] = stat.st_size, stat.st_mtime_ns
    return states


def _cache_key(cases: Sequence[Case], files: NDArray[np.int64], spec: InputSpec) -> str:
    """Hash all paths, file sizes and times, their order, and the canvas size."""
    digest = hashlib.sha256(f"{_VERSION} {spec.height} {spec.width}".encode())
    for case, (size, modified) in zip(cases, files.tolist(), strict=True):
        digest.update(encode_name(f"\n{case.path} {size} {modified}"))
    return digest.hexdigest()[:32]


def unreadable_files_message(errors: Mapping[str, str]) -> str:
    """Describe the files that could not be read.

    Args:
        errors: Error message by case id; "" if it is unknown.

    Returns:
        The number of files, and the first few with their error messages.

    Example:
        >>> unreadable_files_message({"wrist_07": "The file is empty."})
        '1 file could not be read and is left out. wrist_07: The file is empty.'
    """
    count = len(errors)
    named = [f"{name}: {error}" if error else f"{name}." for name, error in list(errors.items())[:_MAX_NAMED]]
    if count > _MAX_NAMED:
        named.append(f"And {count - _MAX_NAMED:,} more.")
    subject = (
        "1 file could not be read and is" if count == 1 else f"{count:,} files could not be read and are"
    )
    return " ".join([f"{subject} left out.", *named])
