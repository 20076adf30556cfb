"""LessonStore: the teaching files of one model on disk."""

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
from fracture_core.io.json_record import parse_json
from fracture_core.teaching.lesson import Lesson, LessonEntry

# Two users of the app may change one lesson at the same time; each change starts from the latest state.
_WRITE_LOCK = threading.Lock()


class LessonStore:
    """A folder with one JSON file per lesson.

    Args:
        folder: created with the first lesson.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def for_model(cls, runs: Path, model_id: str) -> "LessonStore":
        """Open the store of a model.

        Args:
            runs: `paths.runs_dir()`.
            model_id: id of a model in the registry.
        """
        return cls(paths.lessons_dir(runs, model_id))

    def names(self) -> list[str]:
        """List the names of all readable lessons, sorted; damaged files are skipped."""
        names = []
        for path in self.folder.glob("*.json"):
            with contextlib.suppress(DataError):
                names.append(_read(path).name)
        return sorted(names, key=str.casefold)

    def __contains__(self, name: str) -> bool:
        """Whether there is a lesson with this name."""
        return self._path(name).is_file()

    def load(self, name: str) -> Lesson:
        """Load a lesson; a new empty one if there is none with this name.

        Raises:
            DataError: If the file is damaged or the name is invalid.
        """
        return _read(self._path(name)) if name in self else Lesson(name)

    def update(self, name: str, change: Callable[[Lesson], Lesson]) -> Lesson:
        """Change a lesson and save it; create it if there is none with this name.

        Args:
            name: name of the lesson.
            change: called with the stored lesson, returns the new one.

        Raises:
            DataError: If the changed lesson is invalid (see `Lesson`) or the file cannot be read or written.
        """
        with _WRITE_LOCK:
            lesson = change(self.load(name))
            self._save(lesson)
            return lesson

    def rename(self, name: str, new: str) -> None:
        """Rename a lesson.

        Raises:
            DataError: If there is no such lesson, the new name is taken or invalid, or a file cannot be written.
        """
        with _WRITE_LOCK:
            if name not in self:
                raise DataError(f"There is no teaching file {name!r}: choose another one.")
            renamed = Lesson(new, self.load(name).entries)
            if new == name:
                return
            if new in self:
                raise DataError(f"A teaching file {new!r} exists already: enter another name.")
            self._save(renamed)
            try:
                self._delete_file(name)
            except DataError:
                with contextlib.suppress(DataError):
                    self._delete_file(new)  # otherwise the lesson would exist twice
                raise

    def delete(self, name: str) -> None:
        """Delete a lesson. The images of the dataset are not touched.

        Raises:
            DataError: If the file cannot be deleted.
        """
        with _WRITE_LOCK:
            self._delete_file(name)

    def _delete_file(self, name: str) -> None:
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise DataError(
                f"The teaching file {name!r} could not be deleted ({error.strerror}): check the permissions of "
                f"{self.folder} and try again."
            ) from error

    def _path(self, name: str) -> Path:
        # Hashed, because a name may contain characters that a file name cannot.
        return self.folder / f"{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}.json"

    def _save(self, lesson: Lesson) -> None:
        payload = {
            "name": lesson.name,
            "films": [{"id": entry.case, "note": entry.note} for entry in lesson.entries],
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path(lesson.name), json.dumps(payload, indent=1))
        except OSError as error:
            raise DataError(
                f"The teaching file could not be saved in {self.folder} ({error.strerror}): free disk space and try "
                "again."
            ) from error


def _read(path: Path) -> Lesson:
    try:
        payload: Any = parse_json(path.read_text(encoding="utf-8"))
        return Lesson(
            str(payload["name"]),
            tuple(LessonEntry(str(film["id"]), str(film["note"])) for film in payload["films"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"The teaching file {path} cannot be read ({error}): delete it and create a new one."
        ) from error
