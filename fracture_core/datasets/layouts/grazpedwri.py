"""The published layout of GRAZPEDWRI-DX (Nagy et al. 2022, doi:10.1038/s41597-022-01328-z), wrists of children.

Its `dataset.csv` has the columns filestem, patient_id, study_number, timehash, gender, age, laterality,
projection, initial_exam, ao_classification, cast, diagnosis_uncertain, osteopenia, fracture_visible, metal,
pixel_spacing and device_manufacturer. Flags are 1 or empty, and empty means no: a film whose
fracture_visible is empty counts as one without a fracture, as its authors publish it.
"""

from pathlib import Path

import yaml

from fracture_core.datasets.cases import Case
from fracture_core.datasets.catalogue import Catalogue
from fracture_core.datasets.layouts import yolo
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.datasets.layouts.boxes import is_fracture_class
from fracture_core.datasets.layouts.fields import parse_flag
from fracture_core.datasets.layouts.image_files import file_stem, find_images
from fracture_core.datasets.layouts.remarks import make_remark
from fracture_core.datasets.layouts.table import TableLine, has_columns, read_table
from fracture_core.errors import DataError

_COLUMNS = ("filestem", "patient_id", "projection", "fracture_visible", "metal")
_VIEWS = {"1": "frontal", "2": "lateral", "3": "oblique"}
_LABELS = ("folder_structure/yolov5/labels", "labels")

# Of boneanomaly, bonelesion, foreignbody, fracture, …: the published order.
_FRACTURE = frozenset({3})


def matches(root: Path) -> bool:
    """Whether a folder holds GRAZPEDWRI-DX."""
    return has_columns(root / "dataset.csv", _COLUMNS)


def read(root: Path) -> Catalogue:
    """The catalogue of GRAZPEDWRI-DX: ids are the file stems, and the films of a patient are a group; no split.

    Films lie below folders whose names begin with “images”; a film that the table does not list has no label
    and is left out.

    Raises:
        DataError: the table, the films or the class names are missing or not as published. Annotations that
            cannot be used are remarks.
    """
    path = root / "dataset.csv"
    if not path.is_file():
        raise DataError(
            f"Expected GRAZPEDWRI-DX in {root}, but dataset.csv is missing: choose the folder that holds it."
        )
    rows = {
        line.values["filestem"]: line
        for line in read_table(path, _COLUMNS, "use the dataset.csv as published")
    }
    folders = [folder for folder in sorted(root.glob("images*")) if folder.is_dir()]
    films = [film for folder in folders for film in find_images(folder)]
    folder = next((root / name for name in _LABELS if (root / name).is_dir()), None)
    marks = {mark.stem: mark for mark in folder.rglob("*.txt")} if folder else {}
    wanted = _fracture_number(folder, root) if folder else _FRACTURE
    cases, unlisted = [], []
    log = AnnotationLog()
    for film in films:
        name = file_stem(film.name)
        line = rows.get(name)
        if line is None:
            unlisted.append(name)
            continue
        view = _VIEWS.get(line.values["projection"].strip().removesuffix(".0").removesuffix(",0"))
        cases.append(
            Case(
                id=name,
                path=film,
                label=int(_flag(path, line, "fracture_visible")),
                group=line.values["patient_id"] or name,
                regions=("wrist",),
                boxes=yolo.read_yolo_boxes(marks[name], log, wanted, film) if name in marks else (),
                views=(view,) if view else (),
                hardware=_flag(path, line, "metal"),
            )
        )
    if not cases:
        raise DataError(
            f"Expected the films of {path} in folders such as images_part1 beside it, but found none of them: unpack "
            "the parts of GRAZPEDWRI-DX there."
        )
    here = {case.id for case in cases}
    return Catalogue(
        root,
        "grazpedwri",
        tuple(cases),
        classes=(("fracture_visible empty", 0), ("fracture_visible 1", 1)),
        remarks=(
            *make_remark(
                "not_in_table",
                unlisted,
                "dataset.csv does not list {names}, so nothing tells its label, and it was left out.",
                "dataset.csv does not list {n} films ({names}), so nothing tells their labels, and they were left out.",
            ),
            *make_remark(
                "no_such_file",
                rows.keys() - here,
                f"Of the {len(rows):,} films that dataset.csv lists, one is not here: {{names}}.",
                f"Of the {len(rows):,} films that dataset.csv lists, {{n}} are not here ({{names}}).",
            ),
            *make_remark(
                "box_without_fracture",
                (case.id for case in cases if case.boxes and not case.label),
                "A fracture is marked on {names}, on which dataset.csv says none is visible.",
                "Fractures are marked on {n} films on which dataset.csv says none is visible ({names}).",
            ),
            *make_remark(
                "fracture_without_box",
                (case.id for case in cases if folder and case.label and not case.boxes),
                "No fracture is marked on {names}, on which dataset.csv says one is visible.",
                "No fracture is marked on {n} films on which dataset.csv says one is visible ({names}).",
            ),
            *log.remarks(),
        ),
    )


def _flag(path: Path, line: TableLine, name: str) -> bool:
    text = line.values[name].strip()
    try:
        return bool(text) and parse_flag(text)
    except ValueError:
        raise DataError(
            f"Expected 1 or nothing as {name} in {path}, but line {line.number} has {line.values[name]!r}: use the "
            "dataset.csv as published."
        ) from None


def _fracture_number(labels: Path, root: Path) -> frozenset[int]:
    """The class number of fractures, from the meta.yaml beside the labels or the table; else as published."""
    for path in (labels.parent / "meta.yaml", root / "meta.yaml"):
        if not path.is_file():
            continue
        try:
            names = yaml.safe_load(path.read_text(encoding="utf-8-sig"))["names"]
            numbered = names.items() if isinstance(names, dict) else enumerate(names)
            found = frozenset(int(number) for number, name in numbered if is_fracture_class(name))
        except (OSError, yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"Expected a list of class names under “names” in {path}, but it cannot be read as such: mend that "
                "file, or remove it to take the published order."
            ) from error
        if not found:
            raise DataError(
                f"Expected a class named fracture among the names in {path}, but there is none: mend that file, or "
                "remove it to take the published order."
            )
        return found
    return _FRACTURE
