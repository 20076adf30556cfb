"""Layout of MURA v1.1 as published (Rajpurkar et al. 2017, arXiv:1712.06957).

Its labels state whether a study is abnormal. Fractures are abnormal, and so are implants and degenerative joints.
"""

from pathlib import Path

from fracture_core.datasets.cases import Case
from fracture_core.datasets.catalogue import Catalogue, make_remark
from fracture_core.datasets.layouts.image_files import find_images
from fracture_core.datasets.layouts.table import parse_flag, read_lines
from fracture_core.errors import DataError

_FOLDER = "MURA-v1.1"
_SPLITS = {"train": "train", "valid": "val"}
_REGION = "XR_"
_SUFFIXES = {"negative": 0, "positive": 1}

# Parts of the path of an image: split, region, patient, study, file.
_DEPTH = 5


def matches(root: Path) -> bool:
    """Whether a folder contains MURA, or is the folder MURA-v1.1 itself."""
    return _base(root) is not None


def read(root: Path) -> Catalogue:
    """Read MURA. Case ids are paths below MURA-v1.1, and the images of a patient are a group.

    The published validation split is "val"; the test split was never published. Patient numbers are unique across
    splits and regions.

    Raises:
        DataError: If the folders are missing or a table is damaged.
    """
    base = _base(root)
    if base is None:
        raise DataError(
            f"{root} does not contain MURA v1.1, such as a folder train/XR_HAND: choose the folder {_FOLDER}."
        )
    study_labels = {split: _read_study_labels(base / f"{split}_labeled_studies.csv") for split in _SPLITS}
    listed = {
        _without_extension(row[0])
        for split in _SPLITS
        for _, row in _read_rows(base / f"{split}_image_paths.csv")
    }
    cases, contradictory, unknown = [], [], []
    for folder, split in _SPLITS.items():
        for path in find_images(base / folder) if (base / folder).is_dir() else ():
            name = path.relative_to(base).as_posix()
            parts = name.split("/")
            study = "/".join(parts[:-1])
            table_label = study_labels[folder].get(study)
            folder_label = _SUFFIXES.get(parts[-2].rsplit("_", 1)[-1])
            label = folder_label if table_label is None else table_label
            if label is None or len(parts) != _DEPTH:
                unknown.append(name)
                continue
            if folder_label is not None and folder_label != label:
                contradictory.append(name)
            region = parts[1].removeprefix(_REGION).lower() if parts[1].startswith(_REGION) else ""
            cases.append(
                Case(
                    id=name,
                    path=path,
                    label=label,
                    split=split,
                    group=parts[2],
                    regions=(region,) if region else (),
                )
            )
    if not cases:
        raise DataError(
            f"{base} contains no images such as train/XR_HAND/patient00001/study1_positive/image1.png: unpack MURA "
            "again."
        )
    present = {_without_extension(case.id) for case in cases}
    unlisted = [case.id for case in cases if listed and _without_extension(case.id) not in listed]
    return Catalogue(
        base,
        "mura",
        tuple(cases),
        classes=tuple(_SUFFIXES.items()),
        finding="abnormality",
        remarks=(
            *make_remark(
                "table_differs",
                contradictory,
                "The table of studies contradicts the folder of {names}; the label of the table is used.",
                "The table of studies contradicts the folders of {n} images ({names}); the labels of the table are "
                "used.",
            ),
            *make_remark(
                "not_in_table",
                [*unknown, *unlisted],
                "The tables do not list {names}; it is kept if its folder states its label.",
                "The tables do not list {n} images ({names}); those are kept whose folders state their labels.",
            ),
            *make_remark(
                "no_such_file",
                listed - present,
                f"Of the {len(listed):,} images that the tables list, one does not exist: {{names}}.",
                f"Of the {len(listed):,} images that the tables list, {{n}} do not exist ({{names}}).",
            ),
        ),
    )


def _base(root: Path) -> Path | None:
    """The folder that contains train and valid; None if there is none."""
    for base in (root, root / _FOLDER):
        if any((base / split).is_dir() and any((base / split).glob(f"{_REGION}*")) for split in _SPLITS):
            return base
    return None


def _read_rows(path: Path) -> list[tuple[int, list[str]]]:
    """The lines of a table, which has no header; empty if the table is missing."""
    return read_lines(path) if path.is_file() else []


def _read_study_labels(path: Path) -> dict[str, int]:
    """Labels by study, given as a path below MURA-v1.1."""
    labels = {}
    for number, row in _read_rows(path):
        try:
            study, label = row
            labels[_relative_name(study)] = int(parse_flag(label))
        except ValueError:
            raise DataError(
                f"Line {number} of {path} is {','.join(row)[:80]!r}, not a study and 0 or 1: use the published table."
            ) from None
    return labels


def _relative_name(name: str) -> str:
    return name.strip().replace("\\", "/").strip("/").removeprefix(f"{_FOLDER}/")


def _without_extension(name: str) -> str:
    """The path of an image below MURA-v1.1 without its extension, to match images in another format."""
    return _relative_name(name).rsplit(".", 1)[0]
