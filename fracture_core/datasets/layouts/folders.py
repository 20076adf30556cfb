"""Layout with one folder per class, with optional splits: `train/fractured`, `fractured/train`, `fractured`."""

from collections.abc import Iterator
from pathlib import Path

from fracture_core.datasets.cases import Box, Case
from fracture_core.datasets.catalogue import Catalogue, DatasetRemark, make_remark
from fracture_core.datasets.class_names import class_meaning, finding_of_classes, split_from_name
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.datasets.layouts.boxes import clip_fractions
from fracture_core.datasets.layouts.image_files import (
    ImageFinder,
    find_images,
    is_rotated_copy,
    original_stem,
)
from fracture_core.datasets.layouts.table import parse_number, read_table
from fracture_core.errors import DataError

_BOXES = "boxes.csv"


def matches(root: Path) -> bool:
    """Whether a folder contains both classes, directly or below split folders."""
    return {label for _, label, _ in _class_folders(root)} == {0, 1}


def read(root: Path) -> Catalogue:
    """Read a dataset with class folders. Case ids are paths below `root`.

    Labels follow from the names of the classes, never from their order. A rotated copy, recognised by its name,
    shares a group with its original. The class is part of that group, because different classes may use the same
    names (`1.jpg`). The split is not, so that a copy in another split shows up as a leak. Every other image is its
    own group.

    An optional `boxes.csv` in `root` has the columns file, x0, y0, x1, y1, as in synthetic datasets.

    Raises:
        DataError: If a class is missing or has no images, a folder beside the classes is ambiguous, or `boxes.csv`
            is not a table with these columns. Unusable lines of it become remarks.
    """
    class_folders = list(_class_folders(root))
    if {label for _, label, _ in class_folders} != {0, 1}:
        raise DataError(
            f"{root} needs a folder of fractured and a folder of not fractured radiographs (found: "
            f"{subfolder_names(root)}): name them “fractured” and “not fractured”."
        )
    boxes, remarks = _read_boxes(root / _BOXES)
    images = [(split, label, folder, find_images(folder)) for split, label, folder in class_folders]
    with_copies = {
        (label, original_stem(path))
        for _, label, _, paths in images
        for path in paths
        if is_rotated_copy(path)
    }
    cases = []
    for split, label, folder, paths in images:
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
                    group=f"{label}/{stem}" if (label, stem) in with_copies else name,
                    boxes=tuple(boxes.get(path, ())),
                )
            )
    if not cases:
        raise DataError(f"The class folders in {root} contain no radiographs: check the path.")
    classes = {folder.name: label for _, label, folder in class_folders}
    return Catalogue(
        root,
        "folders",
        tuple(cases),
        classes=tuple(sorted(classes.items())),
        finding=finding_of_classes(classes),
        remarks=remarks,
    )


def subfolder_names(root: Path) -> str:
    """List the first folders directly below a folder, for messages."""
    names = [path.name for path in sorted(root.iterdir()) if path.is_dir()][:6]
    return ", ".join(names) if names else "no folders"


def _read_boxes(path: Path) -> tuple[dict[Path, list[Box]], tuple[DatasetRemark, ...]]:
    """Boxes by image file, and remarks on missing images and unusable lines; empty if there is no table."""
    boxes: dict[Path, list[Box]] = {}
    if not path.is_file():
        return boxes, ()
    missing = []
    log = AnnotationLog()
    finder = ImageFinder()
    sides = ("x0", "y0", "x1", "y1")
    for number, row in read_table(
        path, ("file", *sides), "correct the file, or remove it to read the dataset without boxes"
    ):
        image = finder.in_folder(path.parent, row["file"])
        if image is None:
            missing.append(row["file"])
            continue
        location = f"line {number}"
        try:
            box = clip_fractions(*(_edge(row[side], side) for side in sides))
        except ValueError as error:
            log.add("annotation_skipped", image.name, path, location, str(error))
            continue
        if box.clipped:
            log.add("annotation_clipped", image.name, path, location)
        boxes.setdefault(image, []).append(box.box)
    return boxes, (
        *make_remark(
            "no_such_file",
            missing,
            f"{_BOXES} lists an image that does not exist: {{names}}.",
            f"{_BOXES} lists {{n}} images that do not exist: {{names}}.",
        ),
        *log.remarks(),
    )


def _edge(text: str, side: str) -> float:
    try:
        return parse_number(text)
    except ValueError:
        raise ValueError(f"{side} is {text[:40]!r}, not a number") from None


def _class_folders(root: Path) -> Iterator[tuple[str, int, Path]]:
    """Split, label and path of every class folder.

    Raises:
        DataError: If a folder of images beside them has an unknown name.
    """
    for split, parent in [("", root), *_split_folders(root)]:
        folders = [
            path for path in sorted(parent.iterdir()) if path.is_dir() and not path.name.startswith(".")
        ]
        meanings = [(class_meaning(path.name), path) for path in folders]
        if all(meaning is None for meaning, _ in meanings):
            continue
        for meaning, path in meanings:
            if meaning is not None:
                yield split, meaning.label, path
            elif split_from_name(path.name) is None and find_images(path):
                raise DataError(
                    f"The class of the folder {path.name!r} in {parent} is unknown: rename it to “fractured” or “not "
                    "fractured”, or move it out of the dataset."
                )


def _split_folders(root: Path) -> list[tuple[str, Path]]:
    """Split and path of the split folders directly below a folder."""
    named = [(split_from_name(path.name), path) for path in sorted(root.iterdir()) if path.is_dir()]
    return [(split, path) for split, path in named if split is not None]
