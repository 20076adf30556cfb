"""Where public sets lie on this computer."""

from collections.abc import Iterable
from pathlib import Path

from fracture_core.download import licence_files
from fracture_core.download.public_datasets import PublicDataset


def default_folder(row: PublicDataset, root: Path) -> Path:
    """Where a set is put unless told otherwise.

    Args:
        row: the set.
        root: where runs lie.
    """
    return root / ".sets" / row.name


def find_local(row: PublicDataset, root: Path, others: Iterable[str] = ()) -> Path | None:
    """The folder that holds a set, whole; None where none is known to.

    Args:
        row: the set.
        root: where runs lie.
        others: folders that may hold it, besides the usual one.
    """
    for folder in (default_folder(row, root), *map(Path, others)):
        try:
            if licence_files.is_complete(folder, row):
                return folder
        except (OSError, ValueError):  # no rights, a name no file can have
            continue
    return None
