"""Download that runs in a background process. A page can start, watch and cancel it."""

from pathlib import Path

from fracture_core.download import local_datasets
from fracture_core.download.download import download_dataset
from fracture_core.download.public_datasets import PublicDataset
from fracture_core.errors import SecondLookError
from fracture_core.jobs import job


class DownloadJob(job.Job):
    """State of one download, stored in a folder. The downloaded files are in another folder."""

    name = "download"

    @classmethod
    def for_dataset(cls, root: Path, dataset: PublicDataset) -> "DownloadJob":
        """Return the download job of a dataset, whether it was started or not.

        Args:
            root: the folder of runs.
            dataset: the dataset.
        """
        return cls(root / ".downloads" / dataset.name)

    def start(self, dataset: PublicDataset, root: Path) -> None:
        """Start or resume the download to the default folder, and return at once.

        The caller must have shown `licence_files.licence_text` and obtained the user's consent.

        Args:
            dataset: the dataset.
            root: the folder of runs.

        Raises:
            DataError: The download is already running, or no process can be started.
        """
        folder = local_datasets.default_folder(dataset, root).resolve()
        self._start(
            ["data", "get", dataset.name, "--to", str(folder), "--yes"],
            dataset.name,
            f"{dataset.title} is already being downloaded. Wait for it to finish.",
        )

    def cancel(self) -> None:
        """Stop the download. The part downloaded so far is kept, and the next start resumes from there."""
        self._cancel("The download was cancelled. The part downloaded so far is kept.")

    def run(self, dataset: PublicDataset, folder: Path) -> int:
        """Download in this process and write the progress to the state.

        Args:
            dataset: the dataset.
            folder: the target folder.

        Returns:
            0 if it finished, 1 if it failed. The state contains the reason.
        """
        report = self._progress_writer(dataset.name)
        self.folder.mkdir(parents=True, exist_ok=True)
        report(f"Requesting {dataset.title}", 0, 0)
        try:
            downloaded = download_dataset(
                dataset,
                folder,
                report,
                lambda message: report(message, 0, 0),
            )
        except SecondLookError as error:
            self._write_state("failed", str(error), data=dataset.name)
            return 1
        self._write_state("finished", " ".join(downloaded.warnings), data=dataset.name)
        return 0
