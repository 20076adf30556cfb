"""Layout of GRAZPEDWRI-DX as published (Nagy et al. 2022, doi:10.1038/s41597-022-01328-z): paediatric wrists.

Its `dataset.csv` has the columns filestem, patient_id, study_number, timehash, gender, age, laterality,
projection, initial_exam, ao_classification, cast, diagnosis_uncertain, osteopenia, fracture_visible, metal,
pixel_spacing and device_manufacturer. Flags are 1 or empty, and empty means no. An image with an empty
fracture_visible therefore has no fracture, as published.
"""

from pathlib import Path

import yaml

from fracture_core.datasets.cases import Case
from fracture_core.datasets.catalogue import Catalogue, make_remark
from fracture_core.datasets.layouts import yolo
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.datasets.layouts.boxes import is_fracture_class
from fracture_core.datasets.layouts.image_files import file_stem, find_images
from fracture_core.datasets.layouts.table import TableLine, has_columns, parse_flag, read_table
from fracture_core.errors import DataError

_COLUMNS = ("filestem", "patient_id", "projection", "fracture_visible", "metal")
_VIEWS = {"1": "frontal", "2": "lateral", "3": "oblique"}
_LABEL_FOLDERS = ("folder_structure/yolov5/labels", "labels")

# Class number in the published order: boneanomaly, bonelesion, foreignbody, fracture, …
_FRACTURE = frozenset({3})


def matches(root: Path) -> bool:
    """Whether a folder contains GRAZPEDWRI-DX."""
    return has_columns(root / "dataset.csv", _COLUMNS)


def read(root: Path) -> Catalogue:
    """Read GRAZPEDWRI-DX. Case ids are file stems, and the images of a patient are a group; there is no split.

    Images are below folders whose names begin with “images”. An image that the table does not list has no label and
    is left out.

    Raises:
        DataError: If table, images or class names are missing or not as published. Unusable annotations become
            remarks.
    """
    path = root / "dataset.csv"
    if not path.is_file():
        raise DataError(
            f"{root} does not contain GRAZPEDWRI-DX: dataset.csv is missing. Choose the folder that contains it."
        )
    lines = {
        line.values["filestem"]: line
        for line in read_table(path, _COLUMNS, "use the dataset.csv as published")
    }
    folders = [folder for folder in sorted(root.glob("images*")) if folder.is_dir()]
    images = [image for folder in folders for image in find_images(folder)]
    label_folder = next((root / name for name in _LABEL_FOLDERS if (root / name).is_dir()), None)
    label_files = {file.stem: file for file in label_folder.rglob("*.txt")} if label_folder else {}
    wanted = _fracture_classes(label_folder, root) if label_folder else _FRACTURE
    cases, unlisted = [], []
    log = AnnotationLog()
    for image in images:
        name = file_stem(image.name)
        line = lines.get(name)
        if line is None:
            unlisted.append(name)
            continue
        view = _VIEWS.get(line.values["projection"].strip().removesuffix(".0").removesuffix(",0"))
        boxes = yolo.read_yolo_boxes(label_files[name], log, wanted, image) if name in label_files else ()
        cases.append(
            Case(
                id=name,
                path=image,
                label=int(_flag(path, line, "fracture_visible")),
                group=line.values["patient_id"] or name,
                regions=("wrist",),
                boxes=boxes,
                views=(view,) if view else (),
                hardware=_flag(path, line, "metal"),
            )
        )
    if not cases:
        raise DataError(
            f"The images of {path} are missing: unpack the parts of GRAZPEDWRI-DX beside it, into folders such as "
            "images_part1."
        )
    present = {case.id for case in cases}
    return Catalogue(
        root,
        "grazpedwri",
        tuple(cases),
        classes=(("fracture_visible empty", 0), ("fracture_visible 1", 1)),
        remarks=(
            *make_remark(
                "not_in_table",
                unlisted,
                "dataset.csv does not list {names}, so its label is unknown and it is left out.",
                "dataset.csv does not list {n} images ({names}), so their labels are unknown and they are left out.",
            ),
            *make_remark(
                "no_such_file",
                lines.keys() - present,
                f"Of the {len(lines):,} images that dataset.csv lists, one does not exist: {{names}}.",
                f"Of the {len(lines):,} images that dataset.csv lists, {{n}} do not exist ({{names}}).",
            ),
            *make_remark(
                "box_without_fracture",
                (case.id for case in cases if case.boxes and not case.label),
                "{names} has a fracture box, but dataset.csv lists no visible fracture.",
                "{n} images have fracture boxes, but dataset.csv lists no visible fracture ({names}).",
            ),
            *make_remark(
                "fracture_without_box",
                (case.id for case in cases if label_folder and case.label and not case.boxes),
                "{names} has no fracture box, but dataset.csv lists a visible fracture.",
                "{n} images have no fracture box, but dataset.csv lists a visible fracture ({names}).",
            ),
            *log.remarks(),
        ),
    )


def _flag(path: Path, line: TableLine, column: str) -> bool:
    text = line.values[column].strip()
    try:
        return bool(text) and parse_flag(text)
    except ValueError:
        raise DataError(
            f"Line {line.number} of {path} has {line.values[column]!r} as {column}, not 1 or an empty field: use the "
            "dataset.csv as published."
        ) from None


def _fracture_classes(label_folder: Path, root: Path) -> frozenset[int]:
    """Class numbers of fractures, from the meta.yaml beside the labels or the table; else as published."""
    for path in (label_folder.parent / "meta.yaml", root / "meta.yaml"):
        if not path.is_file():
            continue
        try:
            names = yaml.safe_load(path.read_text(encoding="utf-8-sig"))["names"]
            numbered = names.items() if isinstance(names, dict) else enumerate(names)
            fractures = frozenset(int(number) for number, name in numbered if is_fracture_class(name))
        except (OSError, yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"{path} has no readable list “names” of class names: correct the file, or remove it to use the "
                "published order."
            ) from error
        if not fractures:
            raise DataError(
                f"{path} lists no class named fracture: correct the file, or remove it to use the published order."
            )
        return fractures
    return _FRACTURE
