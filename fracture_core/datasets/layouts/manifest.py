"""A data set as one table, `path,label` and what else is known of each film; `datasets.manifest` writes it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fracture_core.datasets.cases import Box, Case
from fracture_core.datasets.catalogue import Catalogue
from fracture_core.datasets.class_names import class_meaning, finding_of_classes, split_from_name
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.datasets.layouts.boxes import clip_fractions
from fracture_core.datasets.layouts.fields import parse_flag, parse_number
from fracture_core.datasets.layouts.image_files import ImageFinder
from fracture_core.datasets.layouts.remarks import make_remark
from fracture_core.datasets.layouts.table import TableLine, has_columns, read_table
from fracture_core.datasets.manifest import MANIFEST_COLUMNS, MANIFEST_NAME, REQUIRED_COLUMNS, SOURCE_COLUMNS
from fracture_core.errors import DataError
from fracture_core.file_names import resolve_name

T = TypeVar("T")


class _BadValueError(Exception):
    """A value is not as its column wants it; the text says what was expected."""


def matches(root: Path) -> bool:
    """Whether this is a manifest, or a folder with one."""
    path = root if root.is_file() else root / MANIFEST_NAME
    return has_columns(path, REQUIRED_COLUMNS)


def read(root: Path) -> Catalogue:
    """The catalogue that a manifest gives.

    Columns in any order: path (below the manifest's folder, or absolute), label (a name such as fractured or
    no_fracture, or 1 and 0) and, as far as known, id, split, group, region and view (several parted by spaces),
    hardware (1, 0) and boxes (x0 y0 x1 y1 as fractions of the image, several parted by semicolons). A box that
    cannot be used is a remark. Other columns are left out. Without an id the path is the id; without a group each
    film is one of its own.

    The catalogue's root is the manifest's folder, or the closest one above it that holds all films. Where every line
    names one set as the films' source (set_root, set_layout) and they lie in its folder, the root is that folder.

    Args:
        root: the manifest, or the folder that holds it as manifest.csv.

    Raises:
        DataError: a line is not as described, an id comes twice, or none of the files is there.
    """
    path = Path(os.path.normpath((root if root.is_file() else root / MANIFEST_NAME).absolute()))
    find = ImageFinder()
    films: list[tuple[TableLine, Path]] = []
    gone = []
    rows = read_table(
        path,
        REQUIRED_COLUMNS,
        f"name them in its first line, and of {', '.join(MANIFEST_COLUMNS)} what you have",
    )
    for line in rows:
        film = find.in_folder(path.parent, line.values["path"])
        if film is None:
            gone.append(line.values["path"])
        else:
            films.append((line, film))
    if not films:
        raise DataError(
            f"Expected the films that {path} names, but none of its {len(rows):,} lines names a file that is there"
            f"{_example(gone)}: give paths below its folder, or whole ones, with forward slashes."
        )
    base, source = _source(path.parent, films) or (_base(path.parent, [film for _, film in films]), "")
    seen: dict[str, int] = {}
    cases = []
    log = AnnotationLog()
    for line, film in films:
        case = _case(path, base, line, film, log)
        if case.id in seen:
            raise DataError(
                f"Expected each film once in {path}, but line {line.number} repeats {case.id!r} of line "
                f"{seen[case.id]}: remove one of the two, or give each an id of its own."
            )
        seen[case.id] = line.number
        cases.append(case)
    classes = {line.values["label"].strip(): case.label for (line, _), case in zip(films, cases, strict=True)}
    return Catalogue(
        base,
        "csv",
        tuple(cases),
        classes=tuple(sorted(classes.items())),
        finding=finding_of_classes(classes),
        remarks=(
            *make_remark(
                "no_such_file",
                gone,
                f"Of the {len(rows):,} films that {path.name} lists, one is not there: {{names}}.",
                f"Of the {len(rows):,} films that {path.name} lists, {{n}} are not there ({{names}}).",
            ),
            *log.remarks(),
        ),
        source=source,
    )


def _example(gone: list[str]) -> str:
    """One of the paths that lead nowhere, with what may be wrong about it."""
    if not gone:
        return ""
    backslash = ", with the backslashes of Windows" if "\\" in gone[0] else ""
    return f" (such as {gone[0][:80]!r}{backslash})"


def _source(folder: Path, films: list[tuple[TableLine, Path]]) -> tuple[Path, str] | None:
    """Folder and layout of the set that all films were taken from; None where they are not those of one known set."""
    told = {tuple(line.values.get(column, "") for column in SOURCE_COLUMNS) for line, _ in films}
    root, layout = told.pop()
    # A line that was added by hand makes it a set of its own.
    if told or not root or not layout:
        return None
    place = resolve_name(os.path.normpath(folder / root))
    return (place, layout) if all(film.is_relative_to(place) for _, film in films) else None


def _base(folder: Path, films: list[Path]) -> Path:
    try:
        return Path(os.path.commonpath([folder, *(film.parent for film in films)]))
    except ValueError as error:  # drives of Windows
        raise DataError(
            f"Expected films on the drive of {folder}, but some lie on another: put them on one drive."
        ) from error


def _case(path: Path, base: Path, line: TableLine, film: Path, log: AnnotationLog) -> Case:
    """One line as a case."""

    def read(column: str, convert: Callable[[str], T]) -> T:
        text = line.values.get(column, "").strip()
        try:
            return convert(text)
        except _BadValueError as error:
            raise DataError(
                f"Expected {error} as {column} in line {line.number} of {path}, but got {text[:80]!r}: mend that line."
            ) from None

    identity = line.values.get("id") or film.relative_to(base).as_posix()
    return Case(
        id=identity,
        path=film,
        label=read("label", _label),
        split=read("split", _split),
        group=line.values.get("group") or identity,
        regions=read("region", _split_values),
        boxes=_boxes(path, line, identity, log),
        views=read("view", _split_values),
        hardware=read("hardware", _hardware),
    )


def _split_values(text: str) -> tuple[str, ...]:
    return tuple(text.casefold().split())


def _label(text: str) -> int:
    known = class_meaning(text)
    try:
        return known.label if known else int(parse_flag(text))
    except ValueError:
        raise _BadValueError("fractured or no_fracture, abnormal or normal, or 1 or 0") from None


def _split(text: str) -> str:
    split = split_from_name(text) if text else ""
    if split is None:
        raise _BadValueError("train, val, test or nothing")
    return split


def _hardware(text: str) -> bool | None:
    try:
        return parse_flag(text) if text else None
    except ValueError:
        raise _BadValueError("1, 0 or nothing") from None


def _boxes(path: Path, line: TableLine, film: str, log: AnnotationLog) -> tuple[Box, ...]:
    """The boxes of a line; those that cannot be used are noted and left out."""
    found = []
    for number, part in enumerate(filter(str.strip, line.values.get("boxes", "").split(";")), 1):
        place = f"line {line.number}, box {number}"
        try:
            box = clip_fractions(*_edges(part))
        except ValueError as error:
            log.add("annotation_skipped", film, path, place, str(error))
            continue
        if box.clipped:
            log.add("annotation_clipped", film, path, place)
        found.append(box.box)
    return tuple(found)


def _edges(text: str) -> tuple[float, float, float, float]:
    try:
        x0, y0, x1, y1 = (parse_number(word) for word in text.split())
    except ValueError:
        raise ValueError(
            f"{text.strip()[:80]!r} is no box such as 0.1 0.2 0.5 0.6 (x0 y0 x1 y1 as fractions of the image)"
        ) from None
    return x0, y0, x1, y1
