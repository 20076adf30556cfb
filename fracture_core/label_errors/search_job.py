"""The search for suspected labels in a process of its own, which a page starts, watches and cancels."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

from fracture_core.errors import DataError, SecondLookError
from fracture_core.io.atomic_write import write_atomically
from fracture_core.jobs import job
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.label_errors.label_issues import LabelIssues


class LabelErrorJob(job.Job):
    """A folder with the state of one search. The list lies beside it, for the next search clears the folder."""

    name = "search for suspected labels"

    @property
    def has_results(self) -> bool:
        """Whether there is a list, of this search or of one before it."""
        return self._results_path.is_file()

    @property
    def written_at(self) -> float:
        """When the list was written, in seconds since the epoch; 0 where there is none."""
        try:
            return self._results_path.stat().st_mtime
        except OSError:
            return 0.0

    @property
    def _results_path(self) -> Path:
        return self.folder.with_suffix(".json")

    def forget(self) -> None:
        """Deletes state and list of a search that is not at work."""
        super().forget()
        if not self.folder.exists():
            with contextlib.suppress(OSError):
                self._results_path.unlink()

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
            self._launch(["data", "suspects", str(data), "--model", model_id], str(data))
        except OSError as error:
            raise DataError(
                f"Expected to look for suspected labels, but the system said “{error.strerror}”: free memory or disk "
                "space and try again."
            ) from error

    def cancel(self) -> None:
        """Ends the search; what the model saw of the films so far is kept for the next."""
        data = self.state().data
        if self._kill():
            self._write_state("cancelled", "The search was cancelled.", data=data)

    def results(self) -> LabelIssues:
        """The list of a finished search.

        Raises:
            DataError: there is none, or it is damaged.
        """
        try:
            payload = json.loads(self._results_path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(
                f"Expected a list of suspected labels in {self._results_path}, but it cannot be read: look for them "
                f"again."
            ) from error
        return LabelIssues.from_json(payload)

    def run(self, data: Path, search: Callable[[ProgressCallback], LabelIssues]) -> int:
        """Searches in this process and leaves the list beside the folder.

        Args:
            data: the data set.
            search: called with what takes the progress.

        Returns:
            0, or 1 where it failed; the state says why.
        """
        try:
            found = search(self._progress_writer(str(data)))
            write_atomically(self._results_path, json.dumps(found.to_json()))
        except SecondLookError as error:
            self._write_state("failed", str(error), data=str(data))
            return 1
        except OSError as error:
            why = (
                f"Expected to write the list to {self._results_path}, but the system said “{error.strerror}”: free "
                f"disk "
                "space and look again."
            )
            self._write_state("failed", why, data=str(data))
            return 1
        self._write_state("finished", found.sentence, data=str(data))
        return 0
