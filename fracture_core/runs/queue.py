"""Trainings that wait for their turn, in a file that every process of this computer may change."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from fracture_core.errors import TrainingError
from fracture_core.io.atomic_write import write_atomically

_QUEUE, _LOCK = "queue.json", ".queue.lock"

# Seconds; who holds the lock starts a process at most.
_PATIENCE = 30


@dataclass(frozen=True)
class WaitingRun:
    """A run that waits.

    Attributes:
        name: of the run.
        finish_only: whether the best epoch so far is taken instead of training on.
    """

    name: str
    finish_only: bool = False


@contextmanager
def locked_queue(root: Path) -> Iterator[list[WaitingRun]]:
    """The queue for oneself, to be changed in place; nobody starts, renames or deletes a run meanwhile.

    Args:
        root: where runs lie.

    Raises:
        TrainingError: the folder cannot be written, also by what is done meanwhile, or somebody else has held the
            queue for long.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / _LOCK, timeout=_PATIENCE)
        lock.acquire()
    except Timeout:
        raise TrainingError(
            f"Expected the queue of trainings in {root} to be free within {_PATIENCE} s, but another process holds it: "
            "try again."
        ) from None
    except (OSError, NotImplementedError) as error:
        raise TrainingError(
            f"Expected to write runs to {root}, but the disk said “{error}”: choose another folder."
        ) from error
    try:
        line = list(waiting_runs(root))
        before = list(line)
        try:
            yield line
        except OSError as error:
            raise TrainingError(
                f"Expected to write runs to {root}, but the disk said “{error.strerror or error}”: free some space and "
                "try again."
            ) from error
        finally:
            if line != before:
                _write(root, line)
    finally:
        lock.release()


def waiting_runs(root: Path) -> tuple[WaitingRun, ...]:
    """Who waits, the next first; of a file that cannot be read nobody, the runs themselves are not touched."""
    try:
        return tuple(
            WaitingRun(**values) for values in json.loads((root / _QUEUE).read_text(encoding="utf-8"))
        )
    except (OSError, ValueError, TypeError):
        return ()


def queue_position(root: Path, name: str) -> int:
    """A run's place in the queue, from 1; 0 where it does not wait."""
    return next((number for number, one in enumerate(waiting_runs(root), 1) if one.name == name), 0)


def move_up(root: Path, name: str) -> None:
    """Lets a run go before the one ahead of it.

    Raises:
        TrainingError: it does not wait.
    """
    with locked_queue(root) as line:
        at = line.index(_find(line, name))
        line.insert(max(0, at - 1), line.pop(at))


def remove_from_queue(root: Path, name: str) -> None:
    """Takes a run out of the queue; the run itself stays as it is.

    Raises:
        TrainingError: it does not wait.
    """
    with locked_queue(root) as line:
        line.remove(_find(line, name))


def rename_in_queue(line: list[WaitingRun], old: str, new: str) -> None:
    """Keeps the place of a run that gets another name; called with the queue locked."""
    line[:] = [replace(one, name=new) if one.name == old else one for one in line]


def _write(root: Path, line: list[WaitingRun]) -> None:
    try:
        write_atomically(root / _QUEUE, json.dumps([asdict(one) for one in line]))
    except OSError as error:
        raise TrainingError(
            f"Expected to write the queue of trainings in {root}, but the disk said “{error.strerror}”: free some "
            "space and try again."
        ) from error


def _find(line: list[WaitingRun], name: str) -> WaitingRun:
    found = next((one for one in line if one.name == name), None)
    if found is None:
        raise TrainingError(
            f"Expected a run that waits for its turn, but {name} does not: it may have begun meanwhile."
        )
    return found
