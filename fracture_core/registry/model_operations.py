"""Renames and deletes models together with their reviews and teaching files.

A change is recorded before it begins. If the process is killed after the model was changed and before its reviews
were, the next start completes it; otherwise a later model of the same name would inherit them.
"""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from fracture_core import paths
from fracture_core.errors import DataError, ModelError
from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import JsonRecord, read_json
from fracture_core.registry.store import ModelStore, check_model_name

_RECORD, _LOCK = ".model_change.json", ".model_change.lock"
_LOCK_TIMEOUT = 30  # seconds; a rename copies one model


@dataclass(frozen=True)
class _Change(JsonRecord):
    """A rename or a deletion that has begun.

    Attributes:
        model: the model.
        new: its new id; "" for a deletion.
    """

    model: str
    new: str = ""


def rename_model(store: ModelStore, runs: Path, model_id: str, new: str) -> None:
    """Rename a model with its reviews and teaching files; a model in use stays in use.

    Args:
        store: The model store.
        runs: Folder of the reviews and teaching files.
        model_id: Id of the model.
        new: The new id.

    Raises:
        ModelError: The model is unknown or the shipped one, or the new name is taken or invalid.
    """
    check_model_name(new)
    with _recorded(store, runs, _Change(model_id, new)):
        # Checked first: the reviews of an existing model are not those of a deleted one.
        store.check_id_is_free(new)
        for content, folder in _user_folders(runs, new).items():
            if folder.exists():
                raise ModelError(f"There are {content} of an earlier model named {new}: choose another name.")
        store.rename(model_id, new)
        _move_user_folders(runs, _Change(model_id, new))


def delete_model(store: ModelStore, runs: Path, model_id: str) -> None:
    """Delete a model; its reviews and teaching files are kept under a name with the date.

    Args:
        store: The model store.
        runs: Folder of the reviews and teaching files.
        model_id: Id of the model.

    Raises:
        ModelError: The model is unknown, in use, or the shipped one.
    """
    with _recorded(store, runs, _Change(model_id)):
        store.delete(model_id)
        _move_user_folders(runs, _Change(model_id))


def finish_interrupted_change(store: ModelStore, runs: Path) -> None:
    """Complete a rename or a deletion whose process was killed; call it when the program starts.

    Args:
        store: The model store.
        runs: Folder of the reviews and teaching files.
    """
    if (runs / _RECORD).is_file():
        with contextlib.suppress(ModelError), _locked(runs):
            _finish(store, runs)


def _finish(store: ModelStore, runs: Path) -> None:
    path = runs / _RECORD
    try:
        change = _Change.from_json(read_json(path))
    except FileNotFoundError:
        return
    except (OSError, DataError):
        change = None
    # If the model still has its old id, it was not changed, and keeps its reviews.
    if (
        change is not None
        and change.model not in store.ids()
        and (not change.new or change.new in store.ids())
    ):
        with contextlib.suppress(OSError):
            _move_user_folders(runs, change)
    path.unlink(missing_ok=True)


@contextlib.contextmanager
def _recorded(store: ModelStore, runs: Path, change: _Change) -> Iterator[None]:
    """Record a change while it is made, after completing an earlier one."""
    with _locked(runs):
        _finish(store, runs)
        if change.model not in store.ids():
            store.card(change.model)  # raises; the record of an unknown model would move its reviews
        try:
            write_atomically(runs / _RECORD, json.dumps(change.to_json()))
        except OSError as error:
            raise ModelError(f"Cannot write to {runs} ({error}): fix this and try again.") from error
        try:
            yield
        finally:
            # Also after an error: the model has the old id or the new one, and the record completes what is left.
            _finish(store, runs)


@contextlib.contextmanager
def _locked(runs: Path) -> Iterator[None]:
    try:
        runs.mkdir(parents=True, exist_ok=True)
        lock = FileLock(runs / _LOCK, timeout=_LOCK_TIMEOUT)
        lock.acquire()
    except Timeout:
        raise ModelError("Another process is renaming or deleting a model: try again.") from None
    except (OSError, NotImplementedError) as error:
        raise ModelError(f"Cannot write to {runs} ({error}): fix this and try again.") from error
    try:
        yield
    finally:
        lock.release()


def _move_user_folders(runs: Path, change: _Change) -> None:
    """Move reviews and teaching files to the new id, or to a name with the date after a deletion."""
    # With microseconds, because a name may be deleted, given again and deleted within a second.
    deleted = f"{change.model} deleted {datetime.now(UTC):%Y-%m-%d %H-%M-%S-%f}"
    for folder in _user_folders(runs, change.model).values():
        # Model names have no spaces, so a later model cannot use the folder of a deleted one.
        target = folder.with_name(change.new or deleted)
        if folder.is_dir() and not target.exists():
            folder.rename(target)


def _user_folders(runs: Path, model_id: str) -> dict[str, Path]:
    """Folders of a model's reviews and teaching files, by their content."""
    return {
        "reviews": paths.reviews_dir(runs, model_id),
        "teaching files": paths.lessons_dir(runs, model_id),
    }
