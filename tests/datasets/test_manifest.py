"""Writing and reading of manifests."""

from dataclasses import replace
from pathlib import Path

import pytest

from fracture_core.datasets.cases import Case
from fracture_core.datasets.catalogue import Catalogue
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.datasets.manifest import MANIFEST_COLUMNS, write_manifest
from fracture_core.errors import DataError


@pytest.fixture
def cases_with_special_names(tmp_path) -> list[Case]:
    """Images below and beside the manifest's folder, with names that need quoting."""
    names = ('a, b "c"/ü ☂;.png', "a/line\nbreak.png", " space .dcm", "../other/x.png")
    paths = [(tmp_path / "set" / name).resolve() for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    third = 1 / 3
    return [
        Case("a,1", paths[0], 1, "train", 'g "1"', ("hand", "wrist"), ((0.1, 0.2, third, 0.7), (0, 0, 1, 1))),
        Case("b\n2", paths[1], 0, "val", "Gruppe ü", (), (), ("frontal", "lateral"), False),
        Case(" c", paths[2], 0, "", "g3", hardware=True),
        Case("d", paths[3], 1, "test", "g4", ("hip",)),
    ]


@pytest.mark.parametrize("finding", ["fracture", "abnormality"])
def test_round_trip(cases_with_special_names, tmp_path, finding):
    path = tmp_path / "set" / "manifest.csv"
    write_manifest(path, cases_with_special_names, finding)
    catalogue = read_catalogue(path.parent)
    assert list(catalogue.cases) == sorted(cases_with_special_names, key=lambda case: case.id)
    assert (catalogue.finding, catalogue.remarks) == (finding, ())
    second_manifest = tmp_path / "set" / "again.csv"
    write_manifest(second_manifest, catalogue.cases, catalogue.finding)
    assert read_catalogue(second_manifest).cases == catalogue.cases


def test_dataset_of_one_class_keeps_its_finding(cases_with_special_names, tmp_path):
    write_manifest(tmp_path / "m.csv", [cases_with_special_names[1]], "abnormality")
    assert read_catalogue(tmp_path / "m.csv").finding == "abnormality"


def test_paths_are_relative_below_the_folder_and_absolute_elsewhere(cases_with_special_names, tmp_path):
    write_manifest(tmp_path / "set" / "m.csv", cases_with_special_names[2:], "fracture")
    header, relative, absolute = (tmp_path / "set" / "m.csv").read_text("utf-8").splitlines()
    assert header == ",".join(MANIFEST_COLUMNS)
    assert relative.startswith(" space .dcm,no_fracture, c,,g3,")
    assert absolute.startswith(f"{tmp_path}/other/x.png,fractured,d,test,")


def test_dataset_can_be_moved_with_its_manifest(cases_with_special_names, tmp_path):
    write_manifest(tmp_path / "set" / "manifest.csv", cases_with_special_names[:3], "fracture")
    (tmp_path / "set").rename(tmp_path / "moved")
    catalogue = read_catalogue(tmp_path / "moved")
    assert {case.id for case in catalogue.cases} == {case.id for case in cases_with_special_names[:3]}
    assert all(case.path.is_relative_to(tmp_path / "moved") for case in catalogue.cases)


def test_failed_write_keeps_the_old_file(cases_with_special_names, tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("old")
    bad = Case("\udcff", cases_with_special_names[0].path, 0)
    with pytest.raises(DataError, match="could not be written"):
        write_manifest(path, [*cases_with_special_names, bad], "fracture")
    assert path.read_text() == "old"
    assert [other.name for other in tmp_path.iterdir() if other.is_file()] == ["m.csv"]


def test_missing_folder_is_refused(cases_with_special_names, tmp_path):
    with pytest.raises(DataError, match="choose another place"):
        write_manifest(tmp_path / "none" / "m.csv", cases_with_special_names, "fracture")


def _touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.fixture
def synthetic_catalogue(tmp_path) -> Catalogue:
    """A dataset of synthetic images."""
    for name in ("train/normal/1.png", "train/fractured/2.png", "test/normal/3.png", "test/fractured/4.png"):
        _touch(tmp_path / "films" / name)
    return replace(read_catalogue(tmp_path / "films", "folders"), layout="phantom")


def test_manifest_names_the_source_dataset(synthetic_catalogue, tmp_path):
    for path in (
        tmp_path / "runs" / "deep" / "m.csv",
        tmp_path / "m.csv",
        synthetic_catalogue.root / "train" / "m.csv",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_manifest(path, synthetic_catalogue.cases, "fracture", synthetic_catalogue)
        catalogue = read_catalogue(path)
        assert (catalogue.root, catalogue.layout, catalogue.source) == (
            synthetic_catalogue.root,
            "csv",
            "phantom",
        )
        assert catalogue.cases == synthetic_catalogue.cases
    # A manifest made from a manifest keeps the source.
    write_manifest(tmp_path / "again.csv", catalogue.cases, "fracture", catalogue)
    assert (read_catalogue(tmp_path / "again.csv").root, read_catalogue(tmp_path / "again.csv").source) == (
        synthetic_catalogue.root,
        "phantom",
    )


def test_source_dataset_can_be_moved_with_the_manifest(synthetic_catalogue, tmp_path):
    write_manifest(
        synthetic_catalogue.root / "m.csv", synthetic_catalogue.cases, "fracture", synthetic_catalogue
    )
    synthetic_catalogue.root.rename(tmp_path / "moved")
    catalogue = read_catalogue(tmp_path / "moved" / "m.csv")
    assert (catalogue.root, catalogue.source) == (tmp_path / "moved", "phantom")


@pytest.mark.parametrize(
    "line", ["{other},1,x,,,,,,,{root},mura", "{other},1,x", "{other},1,x,,,,,,,{root},phantom"]
)
def test_other_images_make_it_a_dataset_of_its_own(synthetic_catalogue, tmp_path, line):
    other = _touch(tmp_path / "other" / "x.png")
    path = tmp_path / "films" / "m.csv"
    write_manifest(path, synthetic_catalogue.cases, "fracture", synthetic_catalogue)
    with path.open("a") as file:
        file.write(line.format(other=other, root=synthetic_catalogue.root) + "\n")
    catalogue = read_catalogue(path)
    assert (catalogue.root, catalogue.source) == (tmp_path, "")


def test_unknown_source_layout_is_refused(synthetic_catalogue, tmp_path):
    write_manifest(
        tmp_path / "m.csv",
        synthetic_catalogue.cases,
        "fracture",
        replace(synthetic_catalogue, layout="later"),
    )
    with pytest.raises(DataError, match=r"unknown set_layout 'later'"):
        read_catalogue(tmp_path / "m.csv")
