"""MURA v1.1: one label per study, and one group per patient."""

from pathlib import Path

import pytest

from fracture_core.datasets import dataset
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.errors import DataError

_FILMS = (
    "train/XR_HAND/patient00001/study1_positive/image1.png",
    "train/XR_HAND/patient00001/study1_positive/image2.png",
    "train/XR_ELBOW/patient00001/study2_negative/image1.png",
    "train/XR_WRIST/patient00002/study1_negative/image1.png",
    "valid/XR_SHOULDER/patient11185/study1_positive/image1.png",
)


def _tables(base: Path, *films: str) -> None:
    """The four tables as published, for these films."""
    for split in ("train", "valid"):
        own = [film for film in films if film.startswith(split)]
        (base / f"{split}_image_paths.csv").write_text("".join(f"MURA-v1.1/{film}\n" for film in own))
        studies = sorted({film.rsplit("/", 1)[0] for film in own})
        (base / f"{split}_labeled_studies.csv").write_text(
            "".join(f"MURA-v1.1/{study}/,{int(study.endswith('positive'))}\n" for study in studies)
        )


@pytest.fixture
def mura_folder(create_files, tmp_path) -> Path:
    """Empty images in the folders of MURA, with both tables."""
    base = create_files(tmp_path / "data" / "MURA-v1.1", *_FILMS)
    _tables(base, *_FILMS)
    return base


def test_layout_is_read(mura_folder):
    catalogue = read_catalogue(mura_folder)
    assert (catalogue.layout, catalogue.finding, catalogue.root, catalogue.remarks) == (
        "mura",
        "abnormality",
        mura_folder,
        (),
    )
    cases = {case.id: case for case in catalogue.cases}
    assert sorted(cases) == sorted(_FILMS)
    assert [cases[name].label for name in _FILMS] == [1, 1, 0, 0, 1]
    assert [cases[name].split for name in _FILMS] == ["train"] * 4 + ["val"]
    assert [cases[name].regions for name in _FILMS] == [
        ("hand",),
        ("hand",),
        ("elbow",),
        ("wrist",),
        ("shoulder",),
    ]


def test_patient_is_the_group_across_regions(mura_folder):
    groups = {case.id: case.group for case in read_catalogue(mura_folder).cases}
    assert {groups[name] for name in _FILMS[:3]} == {"patient00001"}
    assert len(set(groups.values())) == 3


@pytest.mark.parametrize("other_file", ["", "other/1.txt", "readme.txt"])
def test_parent_folder_is_accepted(create_files, mura_folder, other_file):
    create_files(mura_folder.parent, *([other_file] if other_file else []))
    assert read_catalogue(mura_folder.parent).root == mura_folder


def test_labels_follow_from_folders_without_tables(mura_folder):
    for path in mura_folder.glob("*.csv"):
        path.unlink()
    catalogue = read_catalogue(mura_folder)
    assert sum(case.label for case in catalogue.cases) == 3
    assert catalogue.remarks == ()


def test_table_overrides_the_folder(mura_folder, remarks_by_kind):
    text = (mura_folder / "train_labeled_studies.csv").read_text()
    (mura_folder / "train_labeled_studies.csv").write_text(
        text.replace("study1_positive/,1", "study1_positive/,0")
    )
    catalogue = read_catalogue(mura_folder)
    assert {case.label for case in catalogue.cases if "patient00001" in case.id} == {0}
    assert remarks_by_kind(catalogue) == {"table_differs": _FILMS[:2]}


def test_contradictions_of_images_and_tables_become_remarks(create_files, mura_folder, remarks_by_kind):
    (mura_folder / _FILMS[3]).unlink()
    new = "train/XR_HAND/patient00009/study1_positive/image1.png"
    misplaced = "train/XR_HAND/patient00009/image1.png"
    create_files(mura_folder, new, misplaced)
    catalogue = read_catalogue(mura_folder)
    assert remarks_by_kind(catalogue) == {
        "not_in_table": (misplaced, new),
        "no_such_file": (_FILMS[3].removesuffix(".png"),),
    }
    ids = {case.id for case in catalogue.cases}
    assert new in ids
    assert misplaced not in ids


def test_dicom_images_match_the_tables(mura_folder, dicom_header, remarks_by_kind):
    (mura_folder / _FILMS[0]).rename((mura_folder / _FILMS[0]).with_suffix(".dcm"))
    (mura_folder / _FILMS[1]).unlink()
    (mura_folder / _FILMS[1]).with_suffix("").write_bytes(dicom_header)
    catalogue = read_catalogue(mura_folder)
    assert len(catalogue.cases) == 5
    assert remarks_by_kind(catalogue) == {}


def test_invalid_table_is_refused(mura_folder):
    (mura_folder / "valid_labeled_studies.csv").write_text("MURA-v1.1/valid/x/,1\nMURA-v1.1/valid/y/,maybe\n")
    with pytest.raises(DataError, match=r"Line 2 of .* is 'MURA-v1\.1/valid/y/,maybe'"):
        read_catalogue(mura_folder)


def test_dataset_without_images_is_refused(mura_folder):
    for path in mura_folder.rglob("*.png"):
        path.unlink()
    with pytest.raises(DataError, match=r"contains no images .*unpack MURA again"):
        read_catalogue(mura_folder)
    with pytest.raises(DataError, match=r"does not contain MURA v1\.1"):
        read_catalogue(mura_folder / "train", "mura")


def test_dataset_has_the_finding_abnormality(create_files, tmp_path):
    films = [
        f"{split}/XR_HAND/patient{patient:05d}/study1_{kind}/image1.png"
        for patient, (split, kind) in enumerate(
            [("train", "positive"), ("train", "negative")] * 5
            + [("valid", "positive"), ("valid", "negative")]
        )
    ]
    data = dataset.load_dataset(create_files(tmp_path, *films))
    assert data.finding == "abnormality"
    assert dict(data.classes) == {"negative": 0, "positive": 1}
    assert {case.split for case in data.cases} == {"train", "val", "test"}
