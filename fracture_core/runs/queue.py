"""Queue of the runs that wait to be trained, in a file shared by all processes of this computer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from fracture_core.errors import DataError, TrainingError
from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import JsonRecord, read_json, validate_json

_QUEUE, _LOCK = "queue.json", ".queue.lock"

# Seconds to wait for the lock; its owner starts a process at most.
_LOCK_TIMEOUT = 30


@dataclass(frozen=True)
class WaitingRun(JsonRecord):
    """A run that waits.

    Attributes:
        name: name of the run.
        finish_only: whether a model is made of the best epoch so far, without further training.
    """

    name: str
    finish_only: bool = False


@contextmanager
def locked_queue(root: Path) -> Iterator[list[WaitingRun]]:
    """Lock the queue, and write it if the caller changed it; no run is started, renamed or deleted meanwhile.

    Args:
        root: folder of all runs.

    Yields:
        The waiting runs, to be changed in place.

    Raises:
        TrainingError: the folder cannot be written, or another process holds the lock for too long.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / _LOCK, timeout=_LOCK_TIMEOUT)
        lock.acquire()
    except Timeout:
        raise TrainingError(
            f"Another process has locked the queue of trainings in {root} for {_LOCK_TIMEOUT} s. Try again."
        ) from None
    except (OSError, NotImplementedError) as error:
        raise TrainingError(f"Runs cannot be written to {root} ({error}). Choose another folder.") from error
    try:
        waiting = list(waiting_runs(root))
        before = list(waiting)
        try:
            yield waiting
        except OSError as error:
            raise TrainingError(
                f"Runs cannot be written to {root} ({error.strerror or error}). Free some disk space and try again."
            ) from error
        finally:
            if waiting != before:
                _write(root, waiting)
    finally:
        lock.release()


def waiting_runs(root: Path) -> tuple[WaitingRun, ...]:
    """List the waiting runs, the next first; none if the file is missing or damaged, which affects no run."""
    try:
        waiting: tuple[WaitingRun, ...] = validate_json(tuple[WaitingRun, ...], read_json(root / _QUEUE))
    except (OSError, DataError):
        return ()
    return waiting


def queue_position(root: Path, name: str) -> int:
    """Return a run's position in the queue, from 1; 0 if it does not wait."""
    return next((number for number, entry in enumerate(waiting_runs(root), 1) if entry.name == name), 0)


def move_up(root: Path, name: str) -> None:
    """Move a run one position up.

    Raises:
        TrainingError: the run does not wait.
    """
    with locked_queue(root) as waiting:
        position = waiting.index(_find(waiting, name))
        waiting.insert(max(0, position - 1), waiting.pop(position))


def remove_from_queue(root: Path, name: str) -> None:
    """Remove a run from the queue; the run itself is not changed.

    Raises:
        TrainingError: the run does not wait.
    """
    with locked_queue(root) as waiting:
        waiting.remove(_find(waiting, name))


def rename_in_queue(waiting: list[WaitingRun], old: str, new: str) -> None:
    """Rename a run in the locked queue; it keeps its position."""
    waiting[:] = [replace(entry, name=new) if entry.name == old else entry for entry in waiting]


def _write(root: Path, waiting: list[WaitingRun]) -> None:
    try:
        write_atomically(root / _QUEUE, json.dumps([entry.to_json() for entry in waiting]))
    except OSError as error:
        raise TrainingError(
            f"The queue of trainings in {root} cannot be written ({error.strerror}). Free some disk space and "
            "try again."
        ) from error


def _find(waiting: list[WaitingRun], name: str) -> WaitingRun:
    found = next((entry for entry in waiting if entry.name == name), None)
    if found is None:
        raise TrainingError(f"{name} is not in the queue. It may have started already.")
    return found
