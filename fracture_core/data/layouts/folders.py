"""One folder a class, with or without the splits above: `train/fractured`, `fractured/`, …"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from fracture_core.data.cases import Box, Case
from fracture_core.data.layouts.files import images
from fracture_core.errors import DataError

_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}

# Compared in lower case with everything but letters and digits removed; never by order.
_CLASSES = {
    **dict.fromkeys(
        (
            "notfractured",
            "nonfractured",
            "nofracture",
            "unfractured",
            "nofractured",
            "notfracture",
            "nonfracture",
        ),
        0,
    ),
    **dict.fromkeys(("normal", "negative", "healthy"), 0),
    **dict.fromkeys(("fractured", "fracture", "fractures", "broken"), 1),
}

# `name-rotated1-rotated2.jpg` is a turned copy of `name.jpg` and must stay with it.
_ROTATED = re.compile(r"(-rotated\d+)+$")


def class_of(name: str) -> int | None:
    """The label a folder's name stands for, None where it is not one of the known spellings."""
    return _CLASSES.get(re.sub(r"[^a-z0-9]", "", name.lower()))


def matches(root: Path) -> bool:
    """Whether a folder has both classes, directly or below a split."""
    return {label for _, label, _ in _class_folders(root)} == {0, 1}


def read(root: Path) -> list[Case]:
    """The cases of a folder-per-class data set; ids are paths below `root`.

    Rotated copies that say so in their name share a group with their original. Names repeat between
    classes in real sets (`1.jpg`), so the class is part of the group, and the split is not: a copy
    that stands in two splits then shows as a leak.

    Fracture boxes come from a `boxes.csv` in `root` with the columns file, x0, y0, x1, y1, as the
    synthetic sets have it, where there is one.

    Raises:
        DataError: a class is missing, holds no image, or a folder beside the classes is unclear; or
            `boxes.csv` is not as described.
    """
    found = list(_class_folders(root))
    if {label for _, label, _ in found} != {0, 1}:
        raise DataError(
            f"Expected one folder of fractured and one of not fractured radiographs in {root}, but found "
            f"{_names(root)}: name them “fractured” and “not fractured”."
        )
    cases = []
    marks = _boxes(root / "boxes.csv")
    for split, label, folder in found:
        for path in images(folder):
            stem = _ROTATED.sub("", path.stem)
            name = path.relative_to(root).as_posix()
            cases.append(
                Case(
                    id=name,
                    path=path,
                    label=label,
                    split=split,
                    group=f"{label}/{stem}",
                    boxes=tuple(marks.get(name, ())),
                )
            )
    if not cases:
        raise DataError(
            f"Expected radiographs below {root}, but its class folders are empty: check the path."
        )
    return cases


def _boxes(path: Path) -> dict[str, list[Box]]:
    """Boxes by file, as fractions of the image; none where there is no such table."""
    found: dict[str, list[Box]] = {}
    if not path.is_file():
        return found
    with path.open(newline="", encoding="utf-8-sig") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            try:
                box = (float(row["x0"]), float(row["y0"]), float(row["x1"]), float(row["y1"]))
                found.setdefault(row["file"], []).append(box)
            except (KeyError, TypeError, ValueError):
                raise DataError(
                    f"Expected file, x0, y0, x1, y1 in each line of {path}, but line {number} has not: mend that "
                    "file, or remove it to work without boxes."
                ) from None
    return found


def _class_folders(root: Path) -> Iterator[tuple[str, int, Path]]:
    """(split, label, folder) of every class folder; refuses a class beside them that has no meaning."""
    for split, parent in [("", root), *_splits(root)]:
        inside = [
            path for path in sorted(parent.iterdir()) if path.is_dir() and not path.name.startswith(".")
        ]
        named = [(class_of(path.name), path) for path in inside]
        if all(label is None for label, _ in named):
            continue
        for label, path in named:
            if label is not None:
                yield split, label, path
            elif path.name.lower() not in _SPLITS and images(path):
                raise DataError(
                    f"Expected folders named fractured or not fractured in {parent}, but {path.name!r} is "
                    "neither: rename it, or move it out of the data set."
                )


def _splits(root: Path) -> list[tuple[str, Path]]:
    """(split, folder) of the split folders directly below."""
    return [
        (_SPLITS[path.name.lower()], path)
        for path in sorted(root.iterdir())
        if path.is_dir() and path.name.lower() in _SPLITS
    ]


def _names(root: Path) -> str:
    names = [path.name for path in sorted(root.iterdir()) if path.is_dir()][:6]
    return ", ".join(names) if names else "no folder at all"
