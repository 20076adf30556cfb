"""Synthetic radiographs, as `fracture_core.data.phantom` writes them: folders with a `phantom.json` beside."""

from dataclasses import replace
from pathlib import Path

from fracture_core.data.cases import Case
from fracture_core.data.layouts import folders

#: The file that tells a synthetic set from any other folder.
MARK = "phantom.json"


def matches(root: Path) -> bool:
    """Whether a folder says of itself that it is synthetic."""
    return (root / MARK).is_file() and folders.matches(root)


def read(root: Path) -> list[Case]:
    """The cases of a synthetic set, with the region that their names tell.

    A limb that was drawn intact and broken is one group.

    Raises:
        DataError: see `folders.read`.
    """
    return [
        replace(case, group=case.path.stem, regions=(case.path.stem.split("_")[1],))
        for case in folders.read(root)
    ]
