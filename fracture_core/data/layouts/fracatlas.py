"""The published layout of FracAtlas (Abedeen et al. 2023, doi:10.1038/s41597-023-02432-4)."""

import csv
import re
from pathlib import Path

from fracture_core.data.cases import Box, Case
from fracture_core.data.layouts.files import images
from fracture_core.errors import DataError
from fracture_core.words import REGIONS

# The folder is the better label: the table calls IMG0003298 unfractured although it has a box.
_FOLDERS = {"Non_fractured": 0, "Fractured": 1}

# There are no patient ids, but neighbouring numbers are often views of one patient.
_BLOCK = 10


def matches(root: Path) -> bool:
    """Whether a folder holds FracAtlas."""
    return (root / "dataset.csv").is_file() and all((root / "images" / name).is_dir() for name in _FOLDERS)


def read(root: Path) -> list[Case]:
    """The cases of FracAtlas, grouped by blocks of ten image numbers, without a split.

    Raises:
        DataError: the folders or the table are missing or not as published.
    """
    if not matches(root):
        raise DataError(
            f"Expected FracAtlas in {root}, but dataset.csv, images/Fractured or images/Non_fractured "
            "is missing: choose the folder that holds them."
        )
    table = _table(root / "dataset.csv")
    cases = []
    for folder, label in _FOLDERS.items():
        for path in images(root / "images" / folder):
            row = table.get(path.name, {})
            number = re.search(r"\d+", path.stem)
            cases.append(
                Case(
                    id=path.stem,
                    path=path,
                    label=label,
                    group=f"block{int(number.group()) // _BLOCK:04d}" if number else path.stem,
                    regions=tuple(name for name in REGIONS if row.get(name) == "1"),
                    boxes=_boxes(root / "Annotations" / "YOLO" / f"{path.stem}.txt"),
                )
            )
    return cases


def _table(path: Path) -> dict[str, dict[str, str]]:
    """Rows of dataset.csv by file name."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = {"image_id", *REGIONS} - set(reader.fieldnames or ())
        if missing:
            raise DataError(
                f"Expected the columns of FracAtlas in {path}, but {', '.join(sorted(missing))} is missing: "
                "use the dataset.csv as published."
            )
        return {row["image_id"]: row for row in reader}


def _boxes(path: Path) -> tuple[Box, ...]:
    """Boxes of a YOLO file: class, centre x, centre y, width, height, as fractions of the image."""
    if not path.is_file():
        return ()
    boxes = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            _, x, y, width, height = (float(word) for word in line.split())
        except ValueError:
            raise DataError(
                f"Expected five numbers a line in {path}, but line {number} reads {line!r}: mend that file."
            ) from None
        boxes.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    return tuple(boxes)
