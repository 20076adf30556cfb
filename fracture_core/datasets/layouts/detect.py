"""Which layout a folder has, and the catalogue of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fracture_core.datasets.cases import Case
from fracture_core.datasets.catalogue import Catalogue, DatasetRemark
from fracture_core.datasets.layouts import folders, fracatlas, grazpedwri, manifest, mura, phantom
from fracture_core.errors import DataError
from fracture_core.file_names import escape_name, resolve_name
from fracture_core.vocabulary import CITATIONS, SYNTHETIC_LAYOUT

# An unpacked archive often wraps the data set in a folder or two.
_MAX_DEPTH = 2

# Files that a remark on repeated names shows.
_SHOWN = 3


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


def find_layout(name: str) -> Layout:
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
        root: the folder that holds the data set, alone or wrapped in a folder or two of its own, or a manifest. Its
            name may be escaped by `escape_name`.
        layout: a name in `LAYOUTS`, or "auto" to find it by looking.

    Returns:
        Its catalogue, cases sorted by id. Its root is the folder in which the data set was found.

    Raises:
        DataError: the folder is missing, cannot be read, has no known layout, or something in it is unclear.
    """
    try:
        return _validated(_detect_layout(resolve_name(root), layout))
    except OSError as error:
        raise DataError(
            f"Expected to read {root}, but the system said “{error.strerror}”: check the path and its permissions."
        ) from error


def _detect_layout(root: Path, layout: str) -> Catalogue:
    rows = LAYOUTS if layout == "auto" else (find_layout(layout),)
    if root.is_file():
        rows = tuple(row for row in rows if row.name == "csv" and root.suffix.lower() == ".csv")
    if not (root.is_dir() or (root.is_file() and rows)):
        raise DataError(
            f"Expected a folder of radiographs or a manifest that ends in .csv, but {root} is not a folder: check the "
            "path."
        )
    if root.is_file():
        return rows[0].read(root)
    for folder in candidate_roots(root):
        for row in rows:
            if row.matches(folder):
                return row.read(folder)
    if layout != "auto":
        return rows[0].read(root)  # which says what is missing
    wanted = "; ".join(row.words for row in LAYOUTS)
    raise DataError(
        f"Expected a data set in {root}, but found {folders.subfolder_names(root)}, and none of the known layouts: "
        f"{wanted}."
    )


def candidate_roots(root: Path) -> Iterator[Path]:
    """Where a data set may lie: the folder itself, and the one inside where it is the only one, twice.

    For a manifest it is the manifest's folder.
    """
    if root.is_file():
        yield root.parent
        return
    for _ in range(_MAX_DEPTH):
        yield root
        inside = [
            path for path in root.iterdir() if path.is_dir() and not path.name.startswith((".", "__MACOSX"))
        ]
        if len(inside) != 1:
            return
        root = inside[0]
    yield root


def _validated(catalogue: Catalogue) -> Catalogue:
    """Cases by id, each with an id of its own that can be shown, of a set that is known where one is named."""
    if catalogue.source and catalogue.source not in layout_names()[1:]:
        raise DataError(
            f"Expected as set_layout of a manifest one of {', '.join(layout_names()[1:])}, but got "
            f"{catalogue.source[:80]!r}: empty that column, or audit the set anew."
        )
    cases = sorted(
        (replace(case, id=escape_name(case.id), group=escape_name(case.group)) for case in catalogue.cases),
        key=lambda case: (case.id, str(case.path)),
    )
    cases, repeated = _with_own_ids(cases, catalogue.root)
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


def _with_own_ids(cases: Sequence[Case], root: Path) -> tuple[list[Case], tuple[DatasetRemark, ...]]:
    """Gives files that share an id an id of their own, their path, and says so.

    Args:
        cases: sorted by id and path. The first of those that share an id keeps it.
        root: the folder of the data set.
    """
    taken = {case.id for case in cases}
    found: list[Case] = []
    details = []
    first = None
    for case in cases:
        if first is None or case.id != first.id:
            first = case
            found.append(case)
            continue
        shown = case.path.relative_to(root) if case.path.is_relative_to(root) else case.path
        name = own = escape_name(shown.as_posix())
        number = 2
        while own in taken:
            own, number = f"{name} ({number})", number + 1
        taken.add(own)
        contradiction = "" if case.label == first.label else ", under the other label"
        details.append(f"{first.id} lies there as {first.path} and {case.path}{contradiction}")
        found.append(replace(case, id=own))
    if not details:
        return found, ()
    count = len(details)
    words = "A file shares" if count == 1 else f"{count:,} files share"
    more = f"; and {count - _SHOWN:,} more" if count > _SHOWN else ""
    return sorted(found, key=lambda case: case.id), (
        DatasetRemark(
            "repeated_name",
            tuple(sorted({case.id for case in found} - {case.id for case in cases})),
            f"{words} the name of another one and goes by its path: {'; '.join(details[:_SHOWN])}{more}.",
            tuple(details),
        ),
    )
