"""Shelf: the teaching files of one model, kept on disk."""

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fracture_core import paths
from fracture_core.errors import DataError
from fracture_core.io.atomic_write import write_atomically
from fracture_core.teaching.lesson import Lesson, LessonEntry

# Two users of the app may change one teaching file at once; each change starts from what the other left.
_CHANGING = threading.Lock()


class LessonStore:
    """A folder with one file for each collection.

    Args:
        folder: made when the first is kept.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def for_model(cls, runs: Path, model_id: str) -> "LessonStore":
        """Where the teaching files of a model are.

        Args:
            runs: `paths.runs_dir()`.
            model_id: of a model in the store.
        """
        return cls(paths.lessons_dir(runs, model_id))

    def names(self) -> list[str]:
        """Names of all that can be read, sorted."""
        found = []
        for path in self.folder.glob("*.json"):
            try:
                found.append(_read(path).name)
            except DataError:
                continue  # a damaged file hides no other
        return sorted(found, key=str.casefold)

    def __contains__(self, name: str) -> bool:
        """Whether there is one of that name."""
        return self._path(name).is_file()

    def load(self, name: str) -> Lesson:
        """A collection; an empty one where there is none of that name.

        Raises:
            DataError: its file is damaged, or it can have no such name.
        """
        return _read(self._path(name)) if name in self else Lesson(name)

    def update(self, name: str, how: Callable[[Lesson], Lesson]) -> Lesson:
        """Changes a collection and keeps it; it is begun where there is none of that name.

        Raises:
            DataError: see `Lesson`; or it cannot be read or written.
        """
        with _CHANGING:
            found = how(self.load(name))
            self._save(found)
            return found

    def rename(self, name: str, new: str) -> None:
        """Gives a collection another name.

        Raises:
            DataError: there is none, there is one of the new name already, the name cannot be, or the file cannot be
                written.
        """
        with _CHANGING:
            if name not in self:
                raise DataError(f"Expected a teaching file {name!r}, but there is none: choose another.")
            renamed = Lesson(new, self.load(name).entries)
            if new != name:
                if new in self:
                    raise DataError(
                        f"Expected a name that is free, but there is a teaching file {new!r}: choose another."
                    )
                self._save(renamed)
                try:
                    self._delete_file(name)
                except DataError:
                    with contextlib.suppress(DataError):
                        self._delete_file(new)  # else there would be two
                    raise

    def delete(self, name: str) -> None:
        """Forgets a collection; the films stay where they are.

        Raises:
            DataError: its file cannot be deleted.
        """
        with _CHANGING:
            self._delete_file(name)

    def _delete_file(self, name: str) -> None:
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise DataError(
                f"Expected to delete the teaching file {name!r} from {self.folder}, but the system said "
                f"“{error.strerror}”: see to it that files there can be deleted, and try again."
            ) from error

    def _path(self, name: str) -> Path:
        # A name may hold what no file can be called.
        return self.folder / f"{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}.json"

    def _save(self, found: Lesson) -> None:
        payload = {
            "name": found.name,
            "films": [{"id": entry.case, "note": entry.note} for entry in found.entries],
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path(found.name), json.dumps(payload, indent=1))
        except OSError as error:
            raise DataError(
                f"Expected to keep the teaching file in {self.folder}, but the system said “{error.strerror}”: free "
                "disk space and try again."
            ) from error


def _read(path: Path) -> Lesson:
    try:
        payload: Any = json.loads(path.read_text(encoding="utf-8"))
        return Lesson(
            str(payload["name"]),
            tuple(LessonEntry(str(film["id"]), str(film["note"])) for film in payload["films"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"Expected a teaching file in {path}, but it cannot be read ({error}): delete that file and begin anew."
        ) from error
