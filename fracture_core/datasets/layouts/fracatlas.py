"""The published layout of FracAtlas (Abedeen et al. 2023, doi:10.1038/s41597-023-02432-4)."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from fracture_core.datasets.cases import Box, Case
from fracture_core.datasets.catalogue import Catalogue, DatasetRemark
from fracture_core.datasets.layouts import coco, voc, yolo
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.datasets.layouts.fields import parse_flag
from fracture_core.datasets.layouts.image_files import file_stem, find_images
from fracture_core.datasets.layouts.remarks import make_remark
from fracture_core.datasets.layouts.table import read_table
from fracture_core.errors import DataError
from fracture_core.vocabulary import REGIONS

# The folder is the better label: the table calls IMG0003298 unfractured although it has a box.
_FOLDERS = {"Non_fractured": 0, "Fractured": 1}

_VIEWS = ("frontal", "lateral", "oblique")
_COLUMNS = ("image_id", *REGIONS, "hardware", "fractured", *_VIEWS)

# There are no patient ids, but neighbouring numbers are often views of one patient.
_BLOCK = 10


def matches(root: Path) -> bool:
    """Whether a folder holds FracAtlas."""
    return (root / "dataset.csv").is_file() and all((root / "images" / name).is_dir() for name in _FOLDERS)


def read(root: Path) -> Catalogue:
    """The catalogue of FracAtlas, grouped by blocks of ten image numbers, without a split.

    Raises:
        DataError: the folders or the table are missing or not as published. Annotations that cannot be used are
            remarks.
    """
    if not matches(root):
        raise DataError(
            f"Expected FracAtlas in {root}, but dataset.csv, images/Fractured or images/Non_fractured "
            "is missing: choose the folder that holds them."
        )
    rows = {
        file_stem(line.values["image_id"]): line.values
        for line in read_table(root / "dataset.csv", _COLUMNS, "use the dataset.csv as published")
    }
    films = {folder: find_images(root / "images" / folder) for folder in _FOLDERS}
    by_name = {file_stem(path.name): path for paths in films.values() for path in paths}
    log = AnnotationLog()
    boxes = _boxes(root / "Annotations", by_name, log)
    cases = []
    for folder, label in _FOLDERS.items():
        for path in films[folder]:
            name = file_stem(path.name)
            row = rows.get(name, {})
            number = re.search(r"\d+", name)
            cases.append(
                Case(
                    id=name,
                    path=path,
                    label=label,
                    group=f"block{int(number.group()) // _BLOCK:04d}" if number else name,
                    regions=tuple(region for region in REGIONS if _is_set(row, region)),
                    boxes=boxes(name) if boxes else (),
                    views=tuple(view for view in _VIEWS if _is_set(row, view)),
                    hardware=_is_set(row, "hardware") if row else None,
                )
            )
    if not cases:
        raise DataError(
            f"Expected radiographs in {root / 'images'}, but its folders are empty: unpack FracAtlas again."
        )
    return Catalogue(
        root,
        "fracatlas",
        tuple(cases),
        classes=tuple(_FOLDERS.items()),
        remarks=(*_table_remarks(cases, rows), *(_box_remarks(cases) if boxes else ()), *log.remarks()),
    )


def _is_set(row: Mapping[str, str], column: str) -> bool:
    """Whether a flag of the table is set; what is no flag is not."""
    try:
        return parse_flag(row.get(column, ""))
    except ValueError:
        return False


def _boxes(
    folder: Path, films: Mapping[str, Path], log: AnnotationLog
) -> Callable[[str], tuple[Box, ...]] | None:
    """From an image's stem to its boxes, out of the first annotations that are there; None where none are."""
    files = sorted((folder / "COCO JSON").glob("*.json"))
    if files:
        found = coco.read_coco_boxes(files[0], log, films)
        return lambda name: found.get(name, ())
    if any((folder / "YOLO").glob("*.txt")):
        return lambda name: yolo.read_yolo_boxes(folder / "YOLO" / f"{name}.txt", log, image=films.get(name))
    if any((folder / "PASCAL VOC").glob("*.xml")):
        return lambda name: voc.read_voc_boxes(folder / "PASCAL VOC" / f"{name}.xml", log, films.get(name))
    return None


def _table_remarks(cases: list[Case], rows: dict[str, dict[str, str]]) -> tuple[DatasetRemark, ...]:
    """Where table and folders disagree."""
    names = {case.id for case in cases}
    return (
        *make_remark(
            "table_differs",
            (
                case.id
                for case in cases
                if case.id in rows and _is_set(rows[case.id], "fractured") != case.label
            ),
            "dataset.csv calls {names} otherwise than the folder it lies in; the folder was taken.",
            "dataset.csv calls {n} films otherwise than the folders they lie in ({names}); the folders were taken.",
        ),
        *make_remark(
            "not_in_table",
            names - rows.keys(),
            "dataset.csv does not list {names}, so its region and view are unknown.",
            "dataset.csv does not list {n} films ({names}), so their regions and views are unknown.",
        ),
        *make_remark(
            "no_such_file",
            rows.keys() - names,
            f"Of the {len(rows):,} films that dataset.csv lists, one is not here: {{names}}.",
            f"Of the {len(rows):,} films that dataset.csv lists, {{n}} are not here ({{names}}).",
        ),
    )


def _box_remarks(cases: list[Case]) -> tuple[DatasetRemark, ...]:
    """Where boxes and folders disagree."""
    return (
        *make_remark(
            "box_without_fracture",
            (case.id for case in cases if case.boxes and not case.label),
            "A fracture is marked on {names}, which lies in Non_fractured.",
            "Fractures are marked on {n} films in Non_fractured ({names}).",
        ),
        *make_remark(
            "fracture_without_box",
            (case.id for case in cases if case.label and not case.boxes),
            "No fracture is marked on {names}, which lies in Fractured.",
            "No fracture is marked on {n} films in Fractured ({names}).",
        ),
    )
