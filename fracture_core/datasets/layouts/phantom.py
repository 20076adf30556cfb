"""Synthetic radiographs, as `fracture_core.phantom` writes them: folders with a `phantom.json` beside."""

from dataclasses import replace
from pathlib import Path

from fracture_core.datasets.catalogue import Catalogue
from fracture_core.datasets.layouts import folders

#: The file that tells a synthetic set from any other folder.
PHANTOM_FILE = "phantom.json"


def matches(root: Path) -> bool:
    """Whether a folder says of itself that it is synthetic."""
    return (root / PHANTOM_FILE).is_file() and folders.matches(root)


def read(root: Path) -> Catalogue:
    """The catalogue of a synthetic set, with the region that the names tell.

    A limb that was drawn intact and broken is one group.

    Raises:
        DataError: see `folders.read`.
    """
    found = folders.read(root)
    cases = tuple(
        replace(case, group=case.path.stem, regions=tuple(case.path.stem.split("_")[1:2]))
        for case in found.cases
    )
    return replace(found, layout="phantom", cases=cases, paired=True)
