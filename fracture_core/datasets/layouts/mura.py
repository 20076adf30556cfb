"""The published layout of MURA v1.1 (Rajpurkar et al. 2017, arXiv:1712.06957).

Its labels say of a study whether it is abnormal, which a fracture is, but also an implant or worn joint.
"""

from pathlib import Path

from fracture_core.datasets.cases import Case
from fracture_core.datasets.catalogue import Catalogue
from fracture_core.datasets.layouts.fields import parse_flag
from fracture_core.datasets.layouts.image_files import find_images
from fracture_core.datasets.layouts.remarks import make_remark
from fracture_core.datasets.layouts.table import read_lines
from fracture_core.errors import DataError

_FOLDER = "MURA-v1.1"
_SPLITS = {"train": "train", "valid": "val"}
_REGION = "XR_"
_SUFFIXES = {"negative": 0, "positive": 1}

# Folders from a film up: study, patient, region, split.
_DEPTH = 5


def matches(root: Path) -> bool:
    """Whether a folder holds MURA, or is the folder MURA-v1.1 itself."""
    return _base(root) is not None


def read(root: Path) -> Catalogue:
    """The catalogue of MURA: ids are paths below MURA-v1.1, and the films of a patient are a group.

    The published validation part is "val"; the test part was never published. Patients are numbered through
    over both parts and all regions.

    Raises:
        DataError: it is not there, or a table in it is broken.
    """
    base = _base(root)
    if base is None:
        raise DataError(
            f"Expected MURA v1.1 in {root}, but found no folder such as train/XR_HAND: choose the folder {_FOLDER}."
        )
    labels = {split: _labels(base / f"{split}_labeled_studies.csv") for split in _SPLITS}
    listed = {
        _without_ending(row[0]) for split in _SPLITS for _, row in _rows(base / f"{split}_image_paths.csv")
    }
    cases, differ, unknown = [], [], []
    for folder, split in _SPLITS.items():
        for path in find_images(base / folder) if (base / folder).is_dir() else ():
            name = path.relative_to(base).as_posix()
            parts = name.split("/")
            study = "/".join(parts[:-1])
            told = labels[folder].get(study)
            named = _SUFFIXES.get(parts[-2].rsplit("_", 1)[-1])
            label = named if told is None else told
            if label is None or len(parts) != _DEPTH:
                unknown.append(name)
                continue
            if named is not None and named != label:
                differ.append(name)
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
            f"Expected films such as train/XR_HAND/patient00001/study1_positive/image1.png in {base}, but there are "
            "none: unpack MURA again."
        )
    here = {_without_ending(case.id) for case in cases}
    return Catalogue(
        base,
        "mura",
        tuple(cases),
        classes=tuple(_SUFFIXES.items()),
        finding="abnormality",
        remarks=(
            *make_remark(
                "table_differs",
                differ,
                "The table of studies calls {names} otherwise than its folder; the table was taken.",
                "The table of studies calls {n} films otherwise than their folders ({names}); the table was taken.",
            ),
            *make_remark(
                "not_in_table",
                [*unknown, *(case.id for case in cases if listed and _without_ending(case.id) not in listed)],
                "The tables do not list {names}; it is kept if its folder tells its label.",
                "The tables do not list {n} films ({names}); those are kept whose folders tell their labels.",
            ),
            *make_remark(
                "no_such_file",
                listed - here,
                f"Of the {len(listed):,} films that the tables list, one is not here: {{names}}.",
                f"Of the {len(listed):,} films that the tables list, {{n}} are not here ({{names}}).",
            ),
        ),
    )


def _base(root: Path) -> Path | None:
    """The folder that holds train and valid; None where there is none."""
    for base in (root, root / _FOLDER):
        if any((base / split).is_dir() and any((base / split).glob(f"{_REGION}*")) for split in _SPLITS):
            return base
    return None


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The lines of a table, none where it is missing; MURA's tables have no header."""
    return read_lines(path) if path.is_file() else []


def _labels(path: Path) -> dict[str, int]:
    """Labels by study, as a path below MURA-v1.1."""
    found = {}
    for number, row in _rows(path):
        try:
            study, label = row
            found[_below(study)] = int(parse_flag(label))
        except ValueError:
            raise DataError(
                f"Expected a study and 0 or 1 in {path}, but line {number} reads {','.join(row)[:80]!r}: use the table "
                "as published."
            ) from None
    return found


def _below(name: str) -> str:
    return name.strip().replace("\\", "/").strip("/").removeprefix(f"{_FOLDER}/")


def _without_ending(name: str) -> str:
    """A film's path below MURA-v1.1 without its ending, so that copies in another format are found."""
    return _below(name).rsplit(".", 1)[0]
