"""The search for suspected labels in a process of its own, which a page starts, watches and cancels."""

import json
from collections.abc import Callable
from pathlib import Path

from fracture_core import job
from fracture_core.atomic import write_atomically
from fracture_core.errors import DataError, SecondLookError
from fracture_core.suspects.suspects import Suspects

_LIST = "suspects.json"


class Job(job.Job):
    """A folder with the state and the list of one search."""

    name = "search for suspected labels"

    @property
    def listed(self) -> bool:
        """Whether there is a list, of this search or of one before it."""
        return self._list.is_file()

    @property
    def written(self) -> float:
        """When the list was written, in seconds since the epoch; 0 where there is none."""
        try:
            return self._list.stat().st_mtime
        except OSError:
            return 0.0

    @property
    def _list(self) -> Path:
        return self.folder / _LIST

    def start(self, model_id: str, data: Path) -> None:
        """Starts anew and returns at once; a list that was there before stays until the new one is found.

        Raises:
            DataError: it is at work already, or no process can be started.
        """
        if self.state().status == "running":
            raise DataError(
                f"Expected no search of {data} at work, but there is one: wait for it or cancel it."
            )
        try:
            before = self._list.read_text(encoding="utf-8") if self.listed else ""
            try:
                self._launch(["data", "suspects", str(data), "--model", model_id], str(data))
            finally:
                if before:
                    self.folder.mkdir(parents=True, exist_ok=True)
                    write_atomically(self._list, before)
        except OSError as error:
            raise DataError(
                f"Expected to look for suspected labels, but the system said “{error.strerror}”: free memory or disk "
                "space and try again."
            ) from error

    def cancel(self) -> None:
        """Ends the search; what the model saw of the films so far is kept for the next."""
        data = self.state().data
        if self._kill():
            self._set("cancelled", "The search was cancelled.", data=data)

    def found(self) -> Suspects:
        """The list of a finished search.

        Raises:
            DataError: there is none, or it is damaged.
        """
        try:
            payload = json.loads(self._list.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(
                f"Expected a list of suspected labels in {self._list}, but it cannot be read: look for them again."
            ) from error
        return Suspects.from_json(payload)

    def work(self, data: Path, search: Callable[[job.Tell], Suspects]) -> int:
        """Searches in this process and leaves the list in the folder.

        Args:
            data: the data set.
            search: called with what takes the progress.

        Returns:
            0, or 1 where it failed; the state says why.
        """
        try:
            found = search(self._teller(str(data)))
            write_atomically(self._list, json.dumps(found.to_json()))
        except SecondLookError as error:
            self._set("failed", str(error), data=str(data))
            return 1
        except OSError as error:
            why = (
                f"Expected to write the list to {self.folder}, but the system said “{error.strerror}”: free disk "
                "space and look again."
            )
            self._set("failed", why, data=str(data))
            return 1
        self._set("finished", found.sentence, data=str(data))
        return 0
