"""Layout with one CSV table, written by `datasets.manifest`."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fracture_core.datasets.cases import Box, Case
from fracture_core.datasets.catalogue import Catalogue, make_remark
from fracture_core.datasets.class_names import class_meaning, finding_of_classes, split_from_name
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.datasets.layouts.boxes import clip_fractions
from fracture_core.datasets.layouts.image_files import ImageFinder, upload_of
from fracture_core.datasets.layouts.table import (
    TableLine,
    has_columns,
    parse_flag,
    parse_number,
    read_table,
)
from fracture_core.datasets.manifest import MANIFEST_COLUMNS, MANIFEST_NAME, REQUIRED_COLUMNS, SOURCE_COLUMNS
from fracture_core.errors import DataError
from fracture_core.file_names import resolve_name

T = TypeVar("T")


class _BadValueError(Exception):
    """A value is invalid for its column; the message lists the valid values."""


def matches(root: Path) -> bool:
    """Whether this is a manifest, or a folder with one."""
    path = root if root.is_file() else root / MANIFEST_NAME
    return has_columns(path, REQUIRED_COLUMNS)


def read(root: Path) -> Catalogue:
    """Read a manifest.

    Required columns, in any order: path (below the folder of the manifest, or absolute) and label (a class name such
    as fractured or no_fracture, or 1 and 0). Optional columns: id, split, group, region and view (several separated
    by spaces), hardware (1, 0) and boxes (x0 y0 x1 y1 as fractions of the image, several separated by semicolons).
    Other columns are ignored. Without an id, the path is the id; without a group, each image is its own group.
    Unusable boxes become remarks.

    The root of the catalogue is the folder of the manifest, or the closest parent that contains all images. If all
    lines name the same source dataset (set_root, set_layout) and the images are below set_root, the root is that
    folder.

    Args:
        root: the manifest, or the folder that contains it as manifest.csv.

    Raises:
        DataError: If a line is invalid, an id occurs twice, or none of the image files exists.
    """
    path = Path(os.path.normpath((root if root.is_file() else root / MANIFEST_NAME).absolute()))
    finder = ImageFinder()
    images: list[tuple[TableLine, Path]] = []
    missing = []
    lines = read_table(
        path,
        REQUIRED_COLUMNS,
        f"name them in the first line; {', '.join(MANIFEST_COLUMNS)} can be read",
    )
    for line in lines:
        image = finder.in_folder(path.parent, line.values["path"])
        if image is None:
            missing.append(line.values["path"])
        else:
            images.append((line, image))
    if not images:
        raise DataError(
            f"None of the {len(lines):,} images in {path} exists{_example(missing)}: write paths below its folder or "
            "absolute paths, with forward slashes."
        )
    base, source = _source(path.parent, images) or (_base(path.parent, [image for _, image in images]), "")
    line_of_id: dict[str, int] = {}
    cases = []
    log = AnnotationLog()
    for line, image in images:
        case = _case(path, base, line, image, log)
        if case.id in line_of_id:
            raise DataError(
                f"Line {line.number} of {path} repeats {case.id!r} of line {line_of_id[case.id]}: remove one of the "
                "two lines, or give each an id of its own."
            )
        line_of_id[case.id] = line.number
        cases.append(case)
    classes = {
        line.values["label"].strip(): case.label for (line, _), case in zip(images, cases, strict=True)
    }
    return Catalogue(
        base,
        "csv",
        tuple(cases),
        classes=tuple(sorted(classes.items())),
        finding=finding_of_classes(classes),
        remarks=(
            *make_remark(
                "no_such_file",
                missing,
                f"Of the {len(lines):,} images that {path.name} lists, one does not exist: {{names}}.",
                f"Of the {len(lines):,} images that {path.name} lists, {{n}} do not exist ({{names}}).",
            ),
            *log.remarks(),
        ),
        source=source,
    )


def _example(missing: list[str]) -> str:
    """The first missing path, with a probable cause."""
    if not missing:
        return ""
    backslash = ", with Windows backslashes" if "\\" in missing[0] else ""
    return f" (such as {missing[0][:80]!r}{backslash})"


def _source(folder: Path, images: list[tuple[TableLine, Path]]) -> tuple[Path, str] | None:
    """Folder and layout of the dataset that all images come from; None if there is no single one."""
    sources = {tuple(line.values.get(column, "") for column in SOURCE_COLUMNS) for line, _ in images}
    root, layout = sources.pop()
    # A line that was added by hand makes it a dataset of its own.
    if sources or not root or not layout:
        return None
    source_root = resolve_name(os.path.normpath(folder / root))
    upload = upload_of(folder)
    if upload is not None and not source_root.is_relative_to(upload):
        return None
    return (source_root, layout) if all(image.is_relative_to(source_root) for _, image in images) else None


def _base(folder: Path, images: list[Path]) -> Path:
    try:
        return Path(os.path.commonpath([folder, *(image.parent for image in images)]))
    except ValueError as error:  # Windows drives
        raise DataError(
            f"Some images are not on the drive of {folder}: move images and manifest to the same drive."
        ) from error


def _case(path: Path, base: Path, line: TableLine, image: Path, log: AnnotationLog) -> Case:
    def read(column: str, convert: Callable[[str], T]) -> T:
        text = line.values.get(column, "").strip()
        try:
            return convert(text)
        except _BadValueError as error:
            raise DataError(
                f"The {column} {text[:80]!r} in line {line.number} of {path} is invalid: enter {error}."
            ) from None

    identity = line.values.get("id") or image.relative_to(base).as_posix()
    return Case(
        id=identity,
        path=image,
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
    meaning = class_meaning(text)
    try:
        return meaning.label if meaning else int(parse_flag(text))
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


def _boxes(path: Path, line: TableLine, case: str, log: AnnotationLog) -> tuple[Box, ...]:
    """The usable boxes of a line; the others become remarks."""
    boxes = []
    for number, text in enumerate(filter(str.strip, line.values.get("boxes", "").split(";")), 1):
        location = f"line {line.number}, box {number}"
        try:
            box = clip_fractions(*_edges(text))
        except ValueError as error:
            log.add("annotation_skipped", case, path, location, str(error))
            continue
        if box.clipped:
            log.add("annotation_clipped", case, path, location)
        boxes.append(box.box)
    return tuple(boxes)


def _edges(text: str) -> Box:
    try:
        x0, y0, x1, y1 = (parse_number(value) for value in text.split())
    except ValueError:
        raise ValueError(
            f"{text.strip()[:80]!r} is not a box such as 0.1 0.2 0.5 0.6 (x0 y0 x1 y1 as fractions of the image)"
        ) from None
    return x0, y0, x1, y1
