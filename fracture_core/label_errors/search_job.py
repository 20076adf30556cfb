"""LabelErrorJob: the search for label errors in a background process."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

from fracture_core.errors import DataError, SecondLookError
from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import parse_json
from fracture_core.jobs.job import Job
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.label_errors.label_issues import LabelIssues


class LabelErrorJob(Job):
    """A job whose results outlive it: they are stored beside its folder, which every new search clears."""

    name = "search for label errors"

    @property
    def has_results(self) -> bool:
        """Whether this search or an earlier one has stored results."""
        return self._results_path.is_file()

    @property
    def written_at(self) -> float:
        """Time at which the results were stored, in seconds since the epoch; 0 without results."""
        try:
            return self._results_path.stat().st_mtime
        except OSError:
            return 0.0

    @property
    def _results_path(self) -> Path:
        return self.folder.with_suffix(".json")

    def forget(self) -> None:
        """Delete state and results unless the search is running."""
        super().forget()
        if not self.folder.exists():
            with contextlib.suppress(OSError):
                self._results_path.unlink()

    def start(self, model_id: str, data: Path) -> None:
        """Start the search and return at once. Earlier results stay until the new ones are complete.

        Args:
            model_id: model that computes the features.
            data: the dataset.

        Raises:
            DataError: If a search is running, or no process can be started.
        """
        self._start(
            ["data", "suspects", str(data), "--model", model_id],
            str(data),
            f"A search of {data} is running already: wait for it or cancel it.",
        )

    def cancel(self) -> None:
        """Stop the search. Features computed so far are kept for the next search."""
        self._cancel("The search was cancelled.")

    def results(self) -> LabelIssues:
        """Load the results of the last finished search.

        Raises:
            DataError: If there are none, or the file is damaged.
        """
        try:
            payload = parse_json(self._results_path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(
                f"The suspected label errors in {self._results_path} cannot be read: run the search again."
            ) from error
        return LabelIssues.from_json(payload)

    def run(self, data: Path, search: Callable[[ProgressCallback], LabelIssues]) -> int:
        """Run the search in this process and store its results.

        Args:
            data: the dataset.
            search: called with a progress callback.

        Returns:
            Exit status: 0, or 1 after a failure. The job state contains the reason.
        """
        try:
            issues = search(self._progress_writer(str(data)))
            write_atomically(self._results_path, json.dumps(issues.to_json()))
        except SecondLookError as error:
            self._write_state("failed", str(error), data=str(data))
            return 1
        except OSError as error:
            reason = (
                f"The results could not be saved in {self._results_path} ({error.strerror}): free disk space and run "
                "the search again."
            )
            self._write_state("failed", reason, data=str(data))
            return 1
        self._write_state("finished", issues.sentence, data=str(data))
        return 0
