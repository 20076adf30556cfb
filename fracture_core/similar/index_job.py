"""The building of an index in a process of its own, which a page starts, watches and cancels."""

from collections.abc import Callable
from pathlib import Path

from fracture_core.errors import DataError, SecondLookError
from fracture_core.jobs import job
from fracture_core.jobs.progress import ProgressCallback


class IndexJob(job.Job):
    """A folder with the state of one building; the index itself lies with its model."""

    name = "building"

    def start(self, model_id: str, data: Path) -> None:
        """Starts anew and returns at once.

        Raises:
            DataError: no process can be started.
        """
        try:
            self._launch(["models", "neighbours", model_id, "--data", str(data)], str(data))
        except OSError as error:
            raise DataError(
                f"Expected to look at the training films, but the system said “{error.strerror}”: free memory or disk "
                "space and try again."
            ) from error

    def cancel(self) -> None:
        """Ends the building; an index that was there before stays."""
        self._kill()
        self.forget()

    def run(self, build: Callable[[ProgressCallback], object]) -> int:
        """Builds in this process and keeps the state up to date.

        Args:
            build: called with what takes the progress.

        Returns:
            0, or 1 where it failed; the state says why.
        """
        try:
            build(self._progress_writer(""))
        except SecondLookError as error:
            self._write_state("failed", str(error))
            return 1
        self._write_state("finished")
        return 0
