"""Licence and source of a downloaded dataset: LICENCE.txt and SOURCE.txt."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fracture_core.download.listing import Listing
from fracture_core.download.public_datasets import PublicDataset
from fracture_core.download.transfer import FetchedFile
from fracture_core.io.disk_space import disk_errors

_LICENCE, _SOURCE = "LICENCE.txt", "SOURCE.txt"


def licence_text(dataset: PublicDataset) -> str:
    """Return licence, citation and source of a dataset, to be shown before the download."""
    lines = (
        f"{dataset.title}: {dataset.words}",
        f"Licence: {dataset.licence}" + (f" ({dataset.licence_url})" if dataset.licence_url else ""),
        f"Cite: {dataset.citation}",
        f"From: {dataset.page}",
    )
    return "\n".join(lines)


def write_licence_files(
    folder: Path, dataset: PublicDataset, listing: Listing, files: Sequence[FetchedFile]
) -> None:
    """Write LICENCE.txt and SOURCE.txt.

    Args:
        folder: folder of the dataset.
        dataset: the dataset.
        listing: its description by the host.
        files: the downloaded files.

    Raises:
        DataError: The disk reports an error.
    """
    host_licence = f"Licence according to the host: {listing.licence or 'not stated'}\n"
    changes = "Changes: none. The files are as published, but unpacked.\n"
    lines = [
        _source_first_line(dataset),
        f"URL: {dataset.page}",
        f"Version: {listing.version}" + (f" of {listing.date}" if listing.date else ""),
        f"Fetched: {datetime.now(UTC).date().isoformat()}",
        *(f"MD5: {file.md5}  {file.path.name}" for file in files),
    ]
    with disk_errors(folder / _SOURCE):
        (folder / _LICENCE).write_text(f"{licence_text(dataset)}\n{host_licence}{changes}", "utf-8")
        (folder / _SOURCE).write_text("\n".join(lines) + "\n", "utf-8")


def is_complete(folder: Path, dataset: PublicDataset) -> bool:
    """Return whether a folder contains the complete dataset. SOURCE.txt is written last."""
    path = folder / _SOURCE
    return path.is_file() and path.read_text("utf-8", errors="replace").startswith(
        _source_first_line(dataset) + "\n"
    )


def _source_first_line(dataset: PublicDataset) -> str:
    return f"Name: {dataset.name} ({dataset.title})"
