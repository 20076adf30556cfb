"""Which layout a folder has, and the catalogue of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from fracture_core.data.catalogue import Catalogue
from fracture_core.data.layouts import folders, fracatlas, grazpedwri, manifest, mura, phantom
from fracture_core.errors import DataError
from fracture_core.words import CITATIONS, SYNTHETIC_LAYOUT

# An unpacked archive often wraps the data set in a folder or two.
_DEEPEST = 2


@dataclass(frozen=True)
class Layout:
    """One known way to lay out a data set.

    Attributes:
        name: what `--layout` calls it.
        title: what sentences call it.
        words: what to tell a user that it looks like.
        matches: whether a folder looks like it; reads no image.
        read: the catalogue of such a folder.
        licence: of the data set, where the layout is that of one set.
        citation: of the data set, likewise.
        limits: sentences on what the data set cannot show, likewise.
    """

    name: str
    title: str
    words: str
    matches: Callable[[Path], bool]
    read: Callable[[Path], Catalogue]
    licence: str = "not stated"
    citation: str = ""
    limits: tuple[str, ...] = ()


#: Every known layout, the most specific first; the first that matches is taken.
LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "csv",
        "Manifest",
        "a manifest (manifest.csv with the columns path and label), or the path of such a file",
        manifest.matches,
        manifest.read,
    ),
    Layout(
        "fracatlas",
        "FracAtlas",
        "FracAtlas (dataset.csv beside images/Fractured and images/Non_fractured)",
        fracatlas.matches,
        fracatlas.read,
        licence="CC BY 4.0",
        citation=CITATIONS["fracatlas"],
        limits=(
            "The data set has no patient ids; neighbouring image numbers were kept on one side of the split instead.",
        ),
    ),
    Layout(
        "grazpedwri",
        "GRAZPEDWRI-DX",
        "GRAZPEDWRI-DX (dataset.csv beside images_part1, images_part2, …)",
        grazpedwri.matches,
        grazpedwri.read,
        licence="CC BY 4.0",
        citation=CITATIONS["grazpedwri"],
        limits=("The data set shows wrists of children and adolescents after an injury, and nobody else.",),
    ),
    Layout(
        "mura",
        "MURA v1.1",
        "MURA v1.1 (train and valid with XR_ELBOW, XR_HAND, …)",
        mura.matches,
        mura.read,
        licence="Stanford University Dataset Research Use Agreement",
        citation=CITATIONS["mura"],
        limits=(
            "The data set calls a whole study abnormal or not: a single film of an abnormal study may show nothing, "
            "and implants and worn joints count as abnormal.",
        ),
    ),
    Layout(
        SYNTHETIC_LAYOUT,
        "Synthetic films",
        "synthetic films made here (phantom.json beside train, val and test)",
        phantom.matches,
        phantom.read,
        licence="Apache-2.0, as the program that draws them",
        citation=CITATIONS[SYNTHETIC_LAYOUT],
        limits=(
            "It has been trained on synthetic films, computed images that show no person: it says nothing about "
            "patients.",
        ),
    ),
    Layout(
        "folders",
        "One folder a class",
        "one folder a class, with or without train, val and test above or below (train/fractured, …)",
        folders.matches,
        folders.read,
    ),
)


def layout_names() -> tuple[str, ...]:
    """What `--layout` may be."""
    return ("auto", *(row.name for row in LAYOUTS))


def layout_named(name: str) -> Layout:
    """A layout by its name.

    Raises:
        DataError: there is none of that name.
    """
    for row in LAYOUTS:
        if row.name == name:
            return row
    raise DataError(
        f"Expected a layout out of {', '.join(layout_names())}, but got {name!r}: choose one of these."
    )


def read_catalogue(root: Path, layout: str = "auto") -> Catalogue:
    """Reads what the tables and folders of a data set tell. No image is opened.

    Args:
        root: the folder that holds the data set, alone or wrapped in a folder or two of its own, or a manifest.
        layout: a name in `LAYOUTS`, or "auto" to find it by looking.

    Returns:
        Its catalogue, cases sorted by id. Its root is the folder in which the data set was found.

    Raises:
        DataError: the folder is missing, cannot be read, has no known layout, or something in it is unclear.
    """
    try:
        return _tidy(_found(root, layout))
    except OSError as error:
        raise DataError(
            f"Expected to read {root}, but the system said “{error.strerror}”: check the path and its permissions."
        ) from error


def _found(root: Path, layout: str) -> Catalogue:
    rows = LAYOUTS if layout == "auto" else (layout_named(layout),)
    if root.is_file():
        rows = tuple(row for row in rows if row.name == "csv" and root.suffix.lower() == ".csv")
    if not (root.is_dir() or (root.is_file() and rows)):
        raise DataError(
            f"Expected a folder of radiographs or a manifest that ends in .csv, but {root} is not a folder: check the "
            "path."
        )
    if root.is_file():
        return rows[0].read(root)
    for folder in roots(root):
        for row in rows:
            if row.matches(folder):
                return row.read(folder)
    if layout != "auto":
        return rows[0].read(root)  # which says what is missing
    wanted = "; ".join(row.words for row in LAYOUTS)
    raise DataError(
        f"Expected a data set in {root}, but found {folders.names_in(root)}, and none of the known layouts: {wanted}."
    )


def roots(root: Path) -> Iterator[Path]:
    """Where a data set may lie: the folder itself, and the one inside where it is the only one, twice.

    For a manifest it is the manifest's folder.
    """
    if root.is_file():
        yield root.parent
        return
    for _ in range(_DEEPEST):
        yield root
        inside = [
            path for path in root.iterdir() if path.is_dir() and not path.name.startswith((".", "__MACOSX"))
        ]
        if len(inside) != 1:
            return
        root = inside[0]
    yield root


def _tidy(catalogue: Catalogue) -> Catalogue:
    """Cases by id, none of which may stand for two films, of a set that is known where one is named."""
    if catalogue.source and catalogue.source not in layout_names()[1:]:
        raise DataError(
            f"Expected as set_layout of a manifest one of {', '.join(layout_names()[1:])}, but got "
            f"{catalogue.source[:80]!r}: empty that column, or audit the set anew."
        )
    cases = sorted(catalogue.cases, key=lambda case: case.id)
    for one, other in pairwise(cases):
        if one.id == other.id:
            raise DataError(
                f"Expected each film once in {catalogue.root}, but {one.id} lies there as {one.path} and "
                f"{other.path}: remove one of the two."
            )
    return replace(catalogue, cases=tuple(cases))
