"""What lies beside the data and tells whose it is: LICENCE.txt and SOURCE.txt."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fracture_core.download.listing import Listing
from fracture_core.download.public_datasets import PublicDataset
from fracture_core.download.transfer import FetchedFile
from fracture_core.io.disk_space import disk_errors

_LICENCE, _SOURCE = "LICENCE.txt", "SOURCE.txt"


def licence_text(row: PublicDataset) -> str:
    """Licence, citation and origin, to be read before anything is fetched."""
    lines = (
        f"{row.title}: {row.words}",
        f"Licence: {row.licence}" + (f" ({row.licence_url})" if row.licence_url else ""),
        f"Cite: {row.citation}",
        f"From: {row.page}",
    )
    return "\n".join(lines)


def write_licence_files(
    folder: Path, row: PublicDataset, listing: Listing, files: Sequence[FetchedFile]
) -> None:
    """Writes both files.

    Args:
        folder: the data set's.
        row: the set.
        listing: what its host said of it.
        files: what was fetched.

    Raises:
        DataError: the disk refuses.
    """
    hosts = f"Licence as its host names it: {listing.licence or 'none named'}\n"
    changes = "Changes: none; the files are as published, unpacked.\n"
    lines = [
        _source_first_line(row),
        f"URL: {row.page}",
        f"Version: {listing.version}" + (f" of {listing.date}" if listing.date else ""),
        f"Fetched: {datetime.now(UTC).date().isoformat()}",
        *(f"MD5: {file.md5}  {file.path.name}" for file in files),
    ]
    with disk_errors(folder / _SOURCE):
        (folder / _LICENCE).write_text(f"{licence_text(row)}\n{hosts}{changes}", "utf-8")
        (folder / _SOURCE).write_text("\n".join(lines) + "\n", "utf-8")


def is_complete(folder: Path, row: PublicDataset) -> bool:
    """Whether a folder holds the set: its SOURCE.txt is there only where everything is."""
    path = folder / _SOURCE
    return path.is_file() and path.read_text("utf-8", errors="replace").startswith(
        _source_first_line(row) + "\n"
    )


def _source_first_line(row: PublicDataset) -> str:
    return f"Name: {row.name} ({row.title})"
