"""One folder a class, with splits above or below it or without: `train/fractured`, `fractured/train`, …"""

from collections.abc import Iterator
from pathlib import Path

from fracture_core.datasets.cases import Box, Case
from fracture_core.datasets.catalogue import Catalogue, DatasetRemark
from fracture_core.datasets.class_names import class_meaning, finding_of_classes, split_from_name
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.datasets.layouts.boxes import clip_fractions
from fracture_core.datasets.layouts.fields import parse_number
from fracture_core.datasets.layouts.image_files import ImageFinder, find_images
from fracture_core.datasets.layouts.remarks import make_remark
from fracture_core.datasets.layouts.rotated_copies import is_rotated_copy, original_stem
from fracture_core.datasets.layouts.table import read_table
from fracture_core.errors import DataError

_BOXES = "boxes.csv"


def matches(root: Path) -> bool:
    """Whether a folder has both classes, directly or below a split."""
    return {label for _, label, _ in _class_folders(root)} == {0, 1}


def read(root: Path) -> Catalogue:
    """The catalogue of a folder-per-class data set; ids are paths below `root`.

    Classes are told by their names, never by their order. Turned copies that say so in their name share a
    group with their original. The class is part of the group, for names repeat between classes in real sets
    (`1.jpg`), and the split is not: a copy that stands in two splits then shows as a leak. Any other film is a
    group of its own; two films called `15` need not be one.

    Boxes come from a `boxes.csv` in `root` with the columns file, x0, y0, x1, y1, as the synthetic sets have
    it, where there is one.

    Raises:
        DataError: a class is missing, holds no image, or a folder beside the classes is unclear; or
            `boxes.csv` is no table with its columns. A line of it that cannot be used is a remark.
    """
    found = list(_class_folders(root))
    if {label for _, label, _ in found} != {0, 1}:
        raise DataError(
            f"Expected one folder of fractured and one of not fractured radiographs in {root}, but found "
            f"{subfolder_names(root)}: name them “fractured” and “not fractured”."
        )
    cases = []
    boxes, remarks = _boxes(root / _BOXES)
    films = [(split, label, folder, find_images(folder)) for split, label, folder in found]
    turned = {
        (label, original_stem(path))
        for _, label, _, paths in films
        for path in paths
        if is_rotated_copy(path)
    }
    for split, label, folder, paths in films:
        for path in paths:
            name = "/".join(path.parts[len(root.parts) :])
            stem = original_stem(path)
            below = path.parts[len(folder.parts) :]
            cases.append(
                Case(
                    id=name,
                    path=path,
                    label=label,
                    split=split or (split_from_name(below[0]) if len(below) > 1 else None) or "",
                    group=f"{label}/{stem}" if (label, stem) in turned else name,
                    boxes=tuple(boxes.get(path, ())),
                )
            )
    if not cases:
        raise DataError(
            f"Expected radiographs below {root}, but its class folders are empty: check the path."
        )
    classes = {folder.name: label for _, label, folder in found}
    return Catalogue(
        root,
        "folders",
        tuple(cases),
        classes=tuple(sorted(classes.items())),
        finding=finding_of_classes(classes),
        remarks=remarks,
    )


def subfolder_names(root: Path) -> str:
    """The folders directly below, the first of them, for a sentence."""
    names = [path.name for path in sorted(root.iterdir()) if path.is_dir()][:6]
    return ", ".join(names) if names else "no folder at all"


def _boxes(path: Path) -> tuple[dict[Path, list[Box]], tuple[DatasetRemark, ...]]:
    """Boxes by image, as fractions of it, and which images are not there; none where there is no such table."""
    found: dict[Path, list[Box]] = {}
    if not path.is_file():
        return found, ()
    gone = []
    log = AnnotationLog()
    find = ImageFinder()
    sides = ("x0", "y0", "x1", "y1")
    for number, row in read_table(
        path, ("file", *sides), "mend that file, or remove it to work without boxes"
    ):
        image = find.in_folder(path.parent, row["file"])
        if image is None:
            gone.append(row["file"])
            continue
        place = f"line {number}"
        try:
            box = clip_fractions(*(_edge(row[side], side) for side in sides))
        except ValueError as error:
            log.add("annotation_skipped", image.name, path, place, str(error))
            continue
        if box.clipped:
            log.add("annotation_clipped", image.name, path, place)
        found.setdefault(image, []).append(box.box)
    return found, (
        *make_remark(
            "no_such_file",
            gone,
            f"{_BOXES} marks a film that is not here: {{names}}.",
            f"{_BOXES} marks {{n}} films that are not here: {{names}}.",
        ),
        *log.remarks(),
    )


def _edge(text: str, side: str) -> float:
    try:
        return parse_number(text)
    except ValueError:
        raise ValueError(f"{side} is {text[:40]!r} and no number") from None


def _class_folders(root: Path) -> Iterator[tuple[str, int, Path]]:
    """(split, label, folder) of every class folder; refuses a class beside them that has no meaning."""
    for split, parent in [("", root), *_splits(root)]:
        inside = [
            path for path in sorted(parent.iterdir()) if path.is_dir() and not path.name.startswith(".")
        ]
        named = [(class_meaning(path.name), path) for path in inside]
        if all(known is None for known, _ in named):
            continue
        for known, path in named:
            if known is not None:
                yield split, known.label, path
            elif split_from_name(path.name) is None and find_images(path):
                raise DataError(
                    f"Expected folders named fractured or not fractured in {parent}, but {path.name!r} is "
                    "neither: rename it, or move it out of the data set."
                )


def _splits(root: Path) -> list[tuple[str, Path]]:
    """(split, folder) of the split folders directly below."""
    named = [(split_from_name(path.name), path) for path in sorted(root.iterdir()) if path.is_dir()]
    return [(split, path) for split, path in named if split is not None]
