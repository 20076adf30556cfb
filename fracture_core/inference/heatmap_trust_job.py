"""HeatmapTrustJob: the trust tests of a model's heatmaps in a background process."""

from collections.abc import Callable
from pathlib import Path

from fracture_core.errors import SecondLookError
from fracture_core.explain.methods import HEATMAP_METHODS
from fracture_core.explain.trust_record import HeatmapTrust, default_method
from fracture_core.jobs.job import Job
from fracture_core.jobs.progress import ProgressCallback


class HeatmapTrustJob(Job):
    """A job whose results are written to the card of the model."""

    name = "test of the heatmaps"

    @classmethod
    def for_model(cls, root: Path, sha256: str) -> "HeatmapTrustJob":
        """Return the job for a model, whether it exists or not.

        Args:
            root: folder of the runs.
            sha256: hash of the model's weights.
        """
        return cls(root / ".heatmaps" / sha256[:16])

    def start(self, model_id: str, data: Path) -> None:
        """Start the tests and return at once.

        Args:
            model_id: the model.
            data: folder of the dataset it was trained on.

        Raises:
            DataError: The tests are running, or no process can be started.
        """
        self._start(
            ["models", "heatmaps", model_id, "--data", str(data)],
            str(data),
            "The heatmaps are being tested already: wait for it or cancel it.",
        )

    def cancel(self) -> None:
        """Stop the tests. The card keeps its earlier results."""
        self._cancel("The test of the heatmaps was cancelled.")

    def run(self, data: Path, measure: Callable[[ProgressCallback], HeatmapTrust]) -> int:
        """Run the tests in this process.

        Args:
            data: folder of the dataset.
            measure: runs the tests and writes the card; called with a progress callback.

        Returns:
            Exit status: 0, or 1 after a failure. The job state contains the reason.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            trust = measure(self._progress_writer(str(data)))
        except SecondLookError as error:
            self._write_state("failed", str(error), data=str(data))
            return 1
        best = HEATMAP_METHODS[default_method(trust, tuple(trust.methods))].title
        self._write_state("finished", f"The heatmaps were tested. Default: {best}.", data=str(data))
        return 0
