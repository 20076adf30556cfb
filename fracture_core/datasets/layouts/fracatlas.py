"""Layout of FracAtlas as published (Abedeen et al. 2023, doi:10.1038/s41597-023-02432-4)."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from fracture_core.datasets.cases import Box, Case
from fracture_core.datasets.catalogue import Catalogue, DatasetRemark, make_remark
from fracture_core.datasets.layouts import coco, voc, yolo
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.datasets.layouts.image_files import file_stem, find_images
from fracture_core.datasets.layouts.table import parse_flag, read_table
from fracture_core.errors import DataError
from fracture_core.vocabulary import REGIONS

# The folder is the more reliable label: the table lists IMG0003298 as not fractured, although it has a box.
_FOLDERS = {"Non_fractured": 0, "Fractured": 1}

_VIEWS = ("frontal", "lateral", "oblique")
_COLUMNS = ("image_id", *REGIONS, "hardware", "fractured", *_VIEWS)

# There are no patient ids, but images with consecutive numbers often show the same patient.
_BLOCK_SIZE = 10


def matches(root: Path) -> bool:
    """Whether a folder contains FracAtlas."""
    return (root / "dataset.csv").is_file() and all((root / "images" / name).is_dir() for name in _FOLDERS)


def read(root: Path) -> Catalogue:
    """Read FracAtlas, grouped by blocks of ten image numbers, without a split.

    Raises:
        DataError: If folders or table are missing or not as published. Unusable annotations become remarks.
    """
    if not matches(root):
        raise DataError(
            f"{root} does not contain FracAtlas: dataset.csv, images/Fractured or images/Non_fractured is missing. "
            "Choose the folder that contains them."
        )
    rows = {
        file_stem(line.values["image_id"]): line.values
        for line in read_table(root / "dataset.csv", _COLUMNS, "use the dataset.csv as published")
    }
    images = {folder: find_images(root / "images" / folder) for folder in _FOLDERS}
    by_stem = {file_stem(path.name): path for paths in images.values() for path in paths}
    log = AnnotationLog()
    boxes = _read_boxes(root / "Annotations", by_stem, log)
    cases = []
    for folder, label in _FOLDERS.items():
        for path in images[folder]:
            name = file_stem(path.name)
            row = rows.get(name, {})
            number = re.search(r"\d+", name)
            cases.append(
                Case(
                    id=name,
                    path=path,
                    label=label,
                    group=f"block{int(number.group()) // _BLOCK_SIZE:04d}" if number else name,
                    regions=tuple(region for region in REGIONS if _is_set(row, region)),
                    boxes=boxes(name) if boxes else (),
                    views=tuple(view for view in _VIEWS if _is_set(row, view)),
                    hardware=_is_set(row, "hardware") if row else None,
                )
            )
    if not cases:
        raise DataError(f"The folders in {root / 'images'} contain no radiographs: unpack FracAtlas again.")
    return Catalogue(
        root,
        "fracatlas",
        tuple(cases),
        classes=tuple(_FOLDERS.items()),
        remarks=(*_table_remarks(cases, rows), *(_box_remarks(cases) if boxes else ()), *log.remarks()),
    )


def _is_set(row: Mapping[str, str], column: str) -> bool:
    """Whether a flag of the table is set; an invalid flag counts as not set."""
    try:
        return parse_flag(row.get(column, ""))
    except ValueError:
        return False


def _read_boxes(
    folder: Path, images: Mapping[str, Path], log: AnnotationLog
) -> Callable[[str], tuple[Box, ...]] | None:
    """A function from stem to boxes, from the first available format; None without annotations."""
    files = sorted((folder / "COCO JSON").glob("*.json"))
    if files:
        boxes = coco.read_coco_boxes(files[0], log, images)
        return lambda name: boxes.get(name, ())
    if any((folder / "YOLO").glob("*.txt")):
        return lambda name: yolo.read_yolo_boxes(folder / "YOLO" / f"{name}.txt", log, image=images.get(name))
    if any((folder / "PASCAL VOC").glob("*.xml")):
        return lambda name: voc.read_voc_boxes(folder / "PASCAL VOC" / f"{name}.xml", log, images.get(name))
    return None


def _table_remarks(cases: list[Case], rows: dict[str, dict[str, str]]) -> tuple[DatasetRemark, ...]:
    """Contradictions between table and folders."""
    names = {case.id for case in cases}
    return (
        *make_remark(
            "table_differs",
            (
                case.id
                for case in cases
                if case.id in rows and _is_set(rows[case.id], "fractured") != case.label
            ),
            "dataset.csv contradicts the folder of {names}; the label of the folder is used.",
            "dataset.csv contradicts the folders of {n} images ({names}); the labels of the folders are used.",
        ),
        *make_remark(
            "not_in_table",
            names - rows.keys(),
            "dataset.csv does not list {names}, so its region and view are unknown.",
            "dataset.csv does not list {n} images ({names}), so their regions and views are unknown.",
        ),
        *make_remark(
            "no_such_file",
            rows.keys() - names,
            f"Of the {len(rows):,} images that dataset.csv lists, one does not exist: {{names}}.",
            f"Of the {len(rows):,} images that dataset.csv lists, {{n}} do not exist ({{names}}).",
        ),
    )


def _box_remarks(cases: list[Case]) -> tuple[DatasetRemark, ...]:
    """Contradictions between boxes and folders."""
    return (
        *make_remark(
            "box_without_fracture",
            (case.id for case in cases if case.boxes and not case.label),
            "{names} in the folder Non_fractured has a fracture box.",
            "{n} images in the folder Non_fractured have fracture boxes ({names}).",
        ),
        *make_remark(
            "fracture_without_box",
            (case.id for case in cases if case.label and not case.boxes),
            "{names} in the folder Fractured has no fracture box.",
            "{n} images in the folder Fractured have no fracture box ({names}).",
        ),
    )
