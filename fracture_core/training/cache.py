"""Every film decoded and letterboxed once, kept on disk as one array."""

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from fracture_core.data.cases import Case
from fracture_core.data.parallel import in_order
from fracture_core.errors import ImageReadError, TrainingError
from fracture_core.imaging import InputSpec, letterbox, read

Progress = Callable[[int, int], None]

# Part of the key: raise it when `read` or `letterbox` give other numbers.
_VERSION = 1


def canvases(
    cases: Sequence[Case], spec: InputSpec, folder: Path, progress: Progress | None = None
) -> tuple[np.ndarray, list[int]]:
    """The films of a data set as the network's canvases, from the cache where it is complete.

    Args:
        cases: the films.
        spec: the network's input.
        folder: where caches lie; its files may be deleted at any time between trainings.
        progress: called with (films done, films).

    Returns:
        A read-only memory map, uint8 (len(cases), height, width), and the indices of films that
        could not be read; their canvases are black and must not be used.

    Raises:
        TrainingError: the disk is full or the folder cannot be written.
    """
    key = _key(cases, spec)
    path, bad_path = folder / f"{key}.npy", folder / f"{key}.unreadable.npy"
    if path.is_file() and bad_path.is_file():
        if progress:
            progress(len(cases), len(cases))
        return np.load(path, mmap_mode="r"), np.load(bad_path).tolist()
    partial = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shape = (len(cases), spec.height, spec.width)
        store = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        # Writing to a memory map on a full disk kills the process without a word; so room is taken first.
        if hasattr(os, "posix_fallocate"):
            with partial.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, partial.stat().st_size)
        unreadable = _fill(store, cases, spec, progress)
        store.flush()
        del store
        np.save(bad_path, np.array(unreadable, int))
        partial.replace(path)
    except OSError as error:
        raise TrainingError(
            f"Expected room for {len(cases)} decoded films in {folder}, but the disk said “{error.strerror}”: "
            "free some space or choose a smaller input size."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return np.load(path, mmap_mode="r"), unreadable


def _fill(store: np.ndarray, cases: Sequence[Case], spec: InputSpec, progress: Progress | None) -> list[int]:
    def one(index: int) -> bool:
        try:
            store[index] = letterbox(read(cases[index].path).pixels, spec.height, spec.width)[0]
        except ImageReadError:
            return False
        return True

    unreadable = []
    for index, good in enumerate(in_order(one, range(len(cases)))):
        if not good:
            unreadable.append(index)
        if progress:
            progress(index + 1, len(cases))
    return unreadable


def _key(cases: Sequence[Case], spec: InputSpec) -> str:
    """Changes when a file, its size, its time, the order or the canvas changes."""
    digest = hashlib.sha256(f"{_VERSION} {spec.height} {spec.width}".encode())
    for case in cases:
        try:
            stat = case.path.stat()
        except FileNotFoundError:
            raise TrainingError(
                f"Expected the film {case.path}, but it is gone: restore it or start a new run without it."
            ) from None
        digest.update(f"\n{case.path} {stat.st_size} {stat.st_mtime_ns}".encode())
    return digest.hexdigest()[:32]
