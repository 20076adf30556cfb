"""A download in a process of its own, which a page starts, watches and cancels."""

from pathlib import Path

from fracture_core.download import local_datasets
from fracture_core.download.download import download_dataset
from fracture_core.download.public_datasets import PublicDataset
from fracture_core.errors import DataError, SecondLookError
from fracture_core.jobs import job


class DownloadJob(job.Job):
    """A folder with the state of one download; what is fetched lies elsewhere."""

    name = "download"

    @classmethod
    def for_dataset(cls, root: Path, row: PublicDataset) -> "DownloadJob":
        """The download of a set, begun or not.

        Args:
            root: where runs lie.
            row: the set.
        """
        return cls(root / ".downloads" / row.name)

    def start(self, row: PublicDataset, root: Path) -> None:
        """Fetches a set to its usual folder, or goes on where it was broken off; returns at once.

        Who calls it has shown `licence_files.licence_text` and has the user's consent.

        Raises:
            DataError: it is at work already, or no process can be started.
        """
        if self.state().status == "running":
            raise DataError(f"Expected no download of {row.title} at work, but there is one: wait for it.")
        folder = local_datasets.default_folder(row, root).resolve()
        try:
            self._launch(["data", "get", row.name, "--to", str(folder), "--yes"], row.name)
        except OSError as error:
            raise DataError(
                f"Expected to start a download, but the system said “{error.strerror}”: free memory or disk space and "
                "try again."
            ) from error

    def cancel(self) -> None:
        """Ends the download; what was fetched is kept, and the next start goes on from there."""
        data = self.state().data
        if self._kill():
            self._write_state("cancelled", "The download was cancelled; what was fetched is kept.", data=data)

    def run(self, row: PublicDataset, folder: Path) -> int:
        """Fetches in this process and keeps the state up to date.

        Returns:
            0, or 1 where it failed; the state says why.
        """
        progress = self._progress_writer(row.name)
        self.folder.mkdir(parents=True, exist_ok=True)
        progress(f"Asking for {row.title}", 0, 0)
        try:
            found = download_dataset(
                row,
                folder,
                progress,
                lambda sentence: progress(sentence, 0, 0),
            )
        except SecondLookError as error:
            self._write_state("failed", str(error), data=row.name)
            return 1
        self._write_state("finished", " ".join(found.warnings), data=row.name)
        return 0
