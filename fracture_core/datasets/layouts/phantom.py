"""Layout of synthetic radiographs as `fracture_core.phantom` writes them: class folders beside a `phantom.json`."""

from dataclasses import replace
from pathlib import Path

from fracture_core.datasets.catalogue import Catalogue
from fracture_core.datasets.layouts import folders

#: File that marks a dataset as synthetic.
PHANTOM_FILE = "phantom.json"


def matches(root: Path) -> bool:
    """Whether a folder contains a synthetic dataset."""
    return (root / PHANTOM_FILE).is_file() and folders.matches(root)


def read(root: Path) -> Catalogue:
    """Read a synthetic dataset. File names contain the region; a limb with and without fracture is one group.

    Raises:
        DataError: See `folders.read`.
    """
    catalogue = folders.read(root)
    cases = tuple(
        replace(case, group=case.path.stem, regions=tuple(case.path.stem.split("_")[1:2]))
        for case in catalogue.cases
    )
    return replace(catalogue, layout="phantom", cases=cases, paired=True)
