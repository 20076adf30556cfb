"""Which layout a folder has, and the cases in it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fracture_core.data.cases import Case
from fracture_core.data.layouts import folders, fracatlas, phantom
from fracture_core.errors import DataError


@dataclass(frozen=True)
class Layout:
    """One known way to lay out a data set.

    Attributes:
        name: what `--layout` calls it.
        words: what to tell a user that it looks like.
        matches: whether a folder looks like it; reads no image.
        read: the cases of such a folder.
        licence: of the data set, where the layout is that of one set.
        citation: of the data set, likewise.
        limits: sentences on what the data set cannot show, likewise.
    """

    name: str
    words: str
    matches: Callable[[Path], bool]
    read: Callable[[Path], list[Case]]
    licence: str = "not stated"
    citation: str = ""
    limits: tuple[str, ...] = ()


#: Every known layout; the first that matches is taken.
LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "fracatlas",
        "FracAtlas (dataset.csv beside images/Fractured and images/Non_fractured)",
        fracatlas.matches,
        fracatlas.read,
        licence="CC BY 4.0",
        citation="FracAtlas, Abedeen et al. 2023, doi:10.1038/s41597-023-02432-4",
        limits=(
            "The data set has no patient ids; neighbouring image numbers were kept on one side of the split instead.",
        ),
    ),
    Layout(
        "phantom",
        "synthetic films made here (phantom.json beside train, val and test)",
        phantom.matches,
        phantom.read,
        licence="Apache-2.0, as the program that draws them",
        citation="Synthetic radiographs drawn by Second Look",
        limits=(
            "It has been trained on synthetic films, computed images that show no person: it says nothing about "
            "patients.",
        ),
    ),
    Layout(
        "folders",
        "one folder a class, with or without train, val and test above (train/fractured, …)",
        folders.matches,
        folders.read,
    ),
)


def layout_named(name: str) -> Layout:
    """A layout by its name.

    Raises:
        DataError: there is none of that name.
    """
    for row in LAYOUTS:
        if row.name == name:
            return row
    names = ", ".join(row.name for row in LAYOUTS)
    raise DataError(f"Expected a layout out of auto, {names}, but got {name!r}: choose one of these.")


def read_cases(root: Path, layout: str = "auto") -> tuple[str, list[Case]]:
    """Reads the table of cases of a data set.

    Args:
        root: the folder that holds the data set.
        layout: a name in `LAYOUTS`, or "auto" to find it by looking.

    Returns:
        The layout's name and its cases, sorted by id. No image is opened.

    Raises:
        DataError: the folder is missing, has no known layout, or a class in it is unclear.
    """
    if not root.is_dir():
        raise DataError(f"Expected a folder of radiographs, but {root} is not a folder: check the path.")
    rows = [layout_named(layout)] if layout != "auto" else [row for row in LAYOUTS if row.matches(root)]
    if not rows:
        wanted = "; ".join(row.words for row in LAYOUTS)
        raise DataError(f"Expected a data set in {root}, but found none of the known layouts: {wanted}.")
    return rows[0].name, sorted(rows[0].read(root), key=lambda case: case.id)
