"""MURA v1.1: abnormal or not, by study; patients are groups."""

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
def mura(touch, tmp_path) -> Path:
    base = touch(tmp_path / "data" / "MURA-v1.1", *_FILMS)
    _tables(base, *_FILMS)
    return base


def test_mura(mura):
    found = read_catalogue(mura)
    assert (found.layout, found.finding, found.root, found.remarks) == ("mura", "abnormality", mura, ())
    cases = {case.id: case for case in found.cases}
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


def test_patient_is_the_group_across_regions(mura):
    groups = {case.id: case.group for case in read_catalogue(mura).cases}
    assert {groups[name] for name in _FILMS[:3]} == {"patient00001"}
    assert len(set(groups.values())) == 3


@pytest.mark.parametrize("beside", ["", "other/1.txt", "readme.txt"])
def test_parent_folder_is_accepted(touch, mura, beside):
    touch(mura.parent, *([beside] if beside else []))
    assert read_catalogue(mura.parent).root == mura


def test_labels_follow_from_folders_without_tables(mura):
    for path in mura.glob("*.csv"):
        path.unlink()
    found = read_catalogue(mura)
    assert sum(case.label for case in found.cases) == 3
    assert found.remarks == ()


def test_table_overrides_the_folder(mura, kinds):
    text = (mura / "train_labeled_studies.csv").read_text()
    (mura / "train_labeled_studies.csv").write_text(text.replace("study1_positive/,1", "study1_positive/,0"))
    found = read_catalogue(mura)
    assert {case.label for case in found.cases if "patient00001" in case.id} == {0}
    assert kinds(found) == {"table_differs": _FILMS[:2]}


def test_contradictions_of_images_and_tables_become_remarks(touch, mura, kinds):
    (mura / _FILMS[3]).unlink()
    new = "train/XR_HAND/patient00009/study1_positive/image1.png"
    stray = "train/XR_HAND/patient00009/image1.png"
    touch(mura, new, stray)
    found = read_catalogue(mura)
    assert kinds(found) == {
        "not_in_table": (stray, new),
        "no_such_file": (_FILMS[3].removesuffix(".png"),),
    }
    ids = {case.id for case in found.cases}
    assert new in ids
    assert stray not in ids


def test_dicom_images_match_the_tables(mura, dicom, kinds):
    (mura / _FILMS[0]).rename((mura / _FILMS[0]).with_suffix(".dcm"))
    (mura / _FILMS[1]).unlink()
    (mura / _FILMS[1]).with_suffix("").write_bytes(dicom)
    found = read_catalogue(mura)
    assert len(found.cases) == 5
    assert kinds(found) == {}


def test_invalid_table_is_refused(mura):
    (mura / "valid_labeled_studies.csv").write_text("MURA-v1.1/valid/x/,1\nMURA-v1.1/valid/y/,maybe\n")
    with pytest.raises(DataError, match=r"Line 2 of .* is 'MURA-v1\.1/valid/y/,maybe'"):
        read_catalogue(mura)


def test_dataset_without_images_is_refused(mura):
    for path in mura.rglob("*.png"):
        path.unlink()
    with pytest.raises(DataError, match=r"contains no images .*unpack MURA again"):
        read_catalogue(mura)
    with pytest.raises(DataError, match=r"does not contain MURA v1\.1"):
        read_catalogue(mura / "train", "mura")


def test_dataset_has_the_finding_abnormality(touch, tmp_path):
    films = [
        f"{split}/XR_HAND/patient{patient:05d}/study1_{kind}/image1.png"
        for patient, (split, kind) in enumerate(
            [("train", "positive"), ("train", "negative")] * 5
            + [("valid", "positive"), ("valid", "negative")]
        )
    ]
    data = dataset.load_dataset(touch(tmp_path, *films))
    assert data.finding == "abnormality"
    assert dict(data.classes) == {"negative": 0, "positive": 1}
    assert {case.split for case in data.cases} == {"train", "val", "test"}
