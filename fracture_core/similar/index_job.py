"""Background job that builds a neighbour index. A page can start, watch and cancel it."""

from collections.abc import Callable
from pathlib import Path

from fracture_core.errors import DataError, SecondLookError
from fracture_core.jobs import job
from fracture_core.jobs.progress import ProgressCallback


class IndexJob(job.Job):
    """State of one index build, stored in a folder. The index itself is stored with its model."""

    name = "index build"

    def start(self, model_id: str, data: Path) -> None:
        """Start the build and return at once.

        Args:
            model_id: id of the model in the model store.
            data: folder of the model's training dataset.

        Raises:
            DataError: No process can be started.
        """
        try:
            self._launch(["models", "neighbours", model_id, "--data", str(data)], str(data))
        except OSError as error:
            raise DataError(
                f"The index build could not be started ({error.strerror}). Free memory or disk space and try again."
            ) from error

    def cancel(self) -> None:
        """Stop the build. An existing index stays."""
        self._kill()
        self.forget()

    def run(self, build: Callable[[ProgressCallback], object]) -> int:
        """Run the build in this process and write its progress to the state.

        Args:
            build: builds the index; called with a progress callback.

        Returns:
            0 if it finished, 1 if it failed. The state contains the reason.
        """
        try:
            build(self._progress_writer(""))
        except SecondLookError as error:
            self._write_state("failed", str(error))
            return 1
        self._write_state("finished")
        return 0
