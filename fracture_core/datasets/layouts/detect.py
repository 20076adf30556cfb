"""The known layouts, and detection of the layout of a folder."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fracture_core.datasets.cases import Case
from fracture_core.datasets.catalogue import Catalogue, DatasetRemark
from fracture_core.datasets.layouts import folders, fracatlas, grazpedwri, manifest, mura, phantom
from fracture_core.errors import DataError
from fracture_core.file_names import escape_name, resolve_name
from fracture_core.vocabulary import CITATIONS, SYNTHETIC_LAYOUT

# An unpacked archive often wraps the dataset in one or two folders.
_MAX_DEPTH = 2

# Number of files that a remark on repeated names shows.
_SHOWN = 3


@dataclass(frozen=True)
class Layout:
    """A known folder structure of datasets.

    Attributes:
        name: value of the option `--layout`.
        title: name in messages.
        words: description of the folder structure for users.
        matches: whether a folder has this layout; opens no image.
        read: reads such a folder.
        licence: licence of the dataset, for layouts of a single dataset.
        citation: citation of the dataset, likewise.
        limits: limitations of the dataset in sentences, likewise.
    """

    name: str
    title: str
    words: str
    matches: Callable[[Path], bool]
    read: Callable[[Path], Catalogue]
    licence: str = "not stated"
    citation: str = ""
    limits: tuple[str, ...] = ()


#: All known layouts, most specific first; the first match is used.
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
            "The dataset has no patient ids; images with consecutive numbers were kept in the same split instead.",
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
        limits=("The dataset shows only wrists of children and adolescents after an injury.",),
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
            "The labels describe whole studies: a single image of an abnormal study may be normal, and implants and "
            "degenerative joints count as abnormal.",
        ),
    ),
    Layout(
        SYNTHETIC_LAYOUT,
        "Synthetic images",
        "synthetic images of this app (phantom.json beside train, val and test)",
        phantom.matches,
        phantom.read,
        licence="Apache-2.0, like the program that draws them",
        citation=CITATIONS[SYNTHETIC_LAYOUT],
        limits=(
            "The model was trained on synthetic images that show no person: its results do not apply to patients.",
        ),
    ),
    Layout(
        "folders",
        "One folder per class",
        "one folder per class, with or without train, val and test above or below (train/fractured, …)",
        folders.matches,
        folders.read,
    ),
)


def layout_names() -> tuple[str, ...]:
    """Return the values of the option `--layout`."""
    return ("auto", *(layout.name for layout in LAYOUTS))


def find_layout(name: str) -> Layout:
    """Look up a layout.

    Raises:
        DataError: If there is no layout with this name.

    Example:
        >>> find_layout("mura").title
        'MURA v1.1'
    """
    for layout in LAYOUTS:
        if layout.name == name:
            return layout
    raise DataError(f"There is no layout {name!r}: choose one of {', '.join(layout_names())}.")


def read_catalogue(root: Path, layout: str = "auto") -> Catalogue:
    """Read the folders and tables of a dataset. No image is opened.

    Args:
        root: folder that contains the dataset, directly or in one or two nested folders; or a manifest. The name may
            be escaped by `escape_name`.
        layout: name of a layout, or "auto" to detect it.

    Returns:
        The catalogue with cases sorted by id. Its root is the folder in which the dataset was found.

    Raises:
        DataError: If the folder is missing or unreadable, has no known layout, or its content is ambiguous.
    """
    try:
        return _validated(_detect_and_read(resolve_name(root), layout))
    except OSError as error:
        raise DataError(
            f"{root} cannot be read ({error.strerror}): check the path and its permissions."
        ) from error


def _detect_and_read(root: Path, name: str) -> Catalogue:
    layouts = LAYOUTS if name == "auto" else (find_layout(name),)
    if root.is_file():
        layouts = tuple(
            layout for layout in layouts if layout.name == "csv" and root.suffix.lower() == ".csv"
        )
    if not (root.is_dir() or (root.is_file() and layouts)):
        raise DataError(f"{root} is not a folder: check the path, or enter a manifest that ends in .csv.")
    if root.is_file():
        return layouts[0].read(root)
    for folder in candidate_roots(root):
        for layout in layouts:
            if layout.matches(folder):
                return layout.read(folder)
    if name != "auto":
        return layouts[0].read(root)  # raises an error that states what is missing
    known = "; ".join(layout.words for layout in LAYOUTS)
    raise DataError(
        f"No known dataset in {root} (found: {folders.subfolder_names(root)}): choose a folder with one of these "
        f"layouts: {known}."
    )


def candidate_roots(root: Path) -> Iterator[Path]:
    """Yield the folders in which a dataset may be: the folder itself and, up to two levels deep, its only subfolder.

    For a manifest, it is the folder of the manifest.
    """
    if root.is_file():
        yield root.parent
        return
    for _ in range(_MAX_DEPTH):
        yield root
        subfolders = [
            path for path in root.iterdir() if path.is_dir() and not path.name.startswith((".", "__MACOSX"))
        ]
        if len(subfolders) != 1:
            return
        root = subfolders[0]
    yield root


def _validated(catalogue: Catalogue) -> Catalogue:
    """Sort the cases, escape all names, make ids unique, and check the source."""
    if catalogue.source and catalogue.source not in layout_names()[1:]:
        raise DataError(
            f"The manifest has the unknown set_layout {catalogue.source[:80]!r}: enter one of "
            f"{', '.join(layout_names()[1:])}, or empty that column."
        )
    cases = sorted(
        (replace(case, id=escape_name(case.id), group=escape_name(case.group)) for case in catalogue.cases),
        key=lambda case: (case.id, str(case.path)),
    )
    cases, repeated = _with_unique_ids(cases, catalogue.root)
    remarks = (*catalogue.remarks, *repeated)
    return replace(
        catalogue,
        cases=tuple(cases),
        classes=tuple((escape_name(name), label) for name, label in catalogue.classes),
        remarks=tuple(
            DatasetRemark(
                remark.kind,
                tuple(map(escape_name, remark.ids)),
                escape_name(remark.sentence),
                tuple(map(escape_name, remark.details)),
            )
            for remark in remarks
        ),
    )


def _with_unique_ids(cases: Sequence[Case], root: Path) -> tuple[list[Case], tuple[DatasetRemark, ...]]:
    """Use the path as id for cases that share an id, with a remark.

    Args:
        cases: sorted by id and path. The first case with an id keeps it.
        root: folder of the dataset.
    """
    taken = {case.id for case in cases}
    unique: list[Case] = []
    details = []
    first = None
    for case in cases:
        if first is None or case.id != first.id:
            first = case
            unique.append(case)
            continue
        path = case.path.relative_to(root) if case.path.is_relative_to(root) else case.path
        name = identity = escape_name(path.as_posix())
        number = 2
        while identity in taken:
            identity, number = f"{name} ({number})", number + 1
        taken.add(identity)
        contradiction = "" if case.label == first.label else " with different labels"
        details.append(f"{first.id}: {first.path} and {case.path}{contradiction}")
        unique.append(replace(case, id=identity))
    if not details:
        return unique, ()
    count = len(details)
    subject = (
        "A file has the name of another file, so its path is its id"
        if count == 1
        else f"{count:,} files have the names of other files, so their paths are their ids"
    )
    more = f"; and {count - _SHOWN:,} more" if count > _SHOWN else ""
    return sorted(unique, key=lambda case: case.id), (
        DatasetRemark(
            "repeated_name",
            tuple(sorted({case.id for case in unique} - {case.id for case in cases})),
            f"{subject}: {'; '.join(details[:_SHOWN])}{more}.",
            tuple(details),
        ),
    )
