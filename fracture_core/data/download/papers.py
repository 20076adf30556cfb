"""What lies beside the data and tells whose it is: LICENCE.txt and SOURCE.txt."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fracture_core.data.download.disk import writing
from fracture_core.data.download.listing import Listing
from fracture_core.data.download.sets import PublicSet
from fracture_core.data.download.transfer import Fetched

_LICENCE, _SOURCE = "LICENCE.txt", "SOURCE.txt"


def terms(row: PublicSet) -> str:
    """Licence, citation and origin, to be read before anything is fetched."""
    lines = (
        f"{row.title}: {row.words}",
        f"Licence: {row.licence}" + (f" ({row.licence_url})" if row.licence_url else ""),
        f"Cite: {row.citation}",
        f"From: {row.page}",
    )
    return "\n".join(lines)


def write(folder: Path, row: PublicSet, listing: Listing, files: Sequence[Fetched]) -> None:
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
        _first(row),
        f"URL: {row.page}",
        f"Version: {listing.version}" + (f" of {listing.date}" if listing.date else ""),
        f"Fetched: {datetime.now(UTC).date().isoformat()}",
        *(f"MD5: {file.md5}  {file.path.name}" for file in files),
    ]
    with writing(folder / _SOURCE):
        (folder / _LICENCE).write_text(f"{terms(row)}\n{hosts}{changes}", "utf-8")
        (folder / _SOURCE).write_text("\n".join(lines) + "\n", "utf-8")


def is_complete(folder: Path, row: PublicSet) -> bool:
    """Whether a folder holds the set: its SOURCE.txt is there only where everything is."""
    path = folder / _SOURCE
    return path.is_file() and path.read_text("utf-8", errors="replace").startswith(_first(row) + "\n")


def _first(row: PublicSet) -> str:
    return f"Name: {row.name} ({row.title})"
