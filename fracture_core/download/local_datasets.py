"""Locations of downloaded public datasets."""

from collections.abc import Iterable
from pathlib import Path

from fracture_core.download import licence_files
from fracture_core.download.public_datasets import PublicDataset


def default_folder(dataset: PublicDataset, root: Path) -> Path:
    """Return the default download folder of a dataset.

    Args:
        dataset: the dataset.
        root: the folder of runs.
    """
    return root / ".sets" / dataset.name


def find_local(dataset: PublicDataset, root: Path, others: Iterable[str] = ()) -> Path | None:
    """Find a complete download of a dataset.

    Args:
        dataset: the dataset.
        root: the folder of runs.
        others: other folders to check besides the default one.

    Returns:
        The folder, or None.
    """
    for folder in (default_folder(dataset, root), *map(Path, others)):
        try:
            if licence_files.is_complete(folder, dataset):
                return folder
        except (OSError, ValueError):  # no permission, or an invalid file name
            continue
    return None
