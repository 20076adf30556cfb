"""Manifests: what is written reads back equal."""

from dataclasses import replace
from pathlib import Path

import pytest

from fracture_core.datasets.cases import Case
from fracture_core.datasets.catalogue import Catalogue
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.datasets.manifest import MANIFEST_COLUMNS, write_manifest
from fracture_core.errors import DataError


@pytest.fixture
def cases(tmp_path) -> list[Case]:
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
def test_round_trip(cases, tmp_path, finding):
    path = tmp_path / "set" / "manifest.csv"
    write_manifest(path, cases, finding)
    found = read_catalogue(path.parent)
    assert list(found.cases) == sorted(cases, key=lambda case: case.id)
    assert (found.finding, found.remarks) == (finding, ())
    again = tmp_path / "set" / "again.csv"
    write_manifest(again, found.cases, found.finding)
    assert read_catalogue(again).cases == found.cases


def test_dataset_of_one_class_keeps_its_finding(cases, tmp_path):
    write_manifest(tmp_path / "m.csv", [cases[1]], "abnormality")
    assert read_catalogue(tmp_path / "m.csv").finding == "abnormality"


def test_paths_are_relative_below_the_folder_and_absolute_elsewhere(cases, tmp_path):
    write_manifest(tmp_path / "set" / "m.csv", cases[2:], "fracture")
    head, below, beside = (tmp_path / "set" / "m.csv").read_text("utf-8").splitlines()
    assert head == ",".join(MANIFEST_COLUMNS)
    assert below.startswith(" space .dcm,no_fracture, c,,g3,")
    assert beside.startswith(f"{tmp_path}/other/x.png,fractured,d,test,")


def test_dataset_can_be_moved_with_its_manifest(cases, tmp_path):
    write_manifest(tmp_path / "set" / "manifest.csv", cases[:3], "fracture")
    (tmp_path / "set").rename(tmp_path / "moved")
    found = read_catalogue(tmp_path / "moved")
    assert {case.id for case in found.cases} == {case.id for case in cases[:3]}
    assert all(case.path.is_relative_to(tmp_path / "moved") for case in found.cases)


def test_failed_write_keeps_the_old_file(cases, tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("old")
    bad = Case("\udcff", cases[0].path, 0)
    with pytest.raises(DataError, match="could not be written"):
        write_manifest(path, [*cases, bad], "fracture")
    assert path.read_text() == "old"
    assert [other.name for other in tmp_path.iterdir() if other.is_file()] == ["m.csv"]


def test_missing_folder_is_refused(cases, tmp_path):
    with pytest.raises(DataError, match="choose another place"):
        write_manifest(tmp_path / "none" / "m.csv", cases, "fracture")


def _touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.fixture
def source(tmp_path) -> Catalogue:
    """A dataset of synthetic images."""
    for name in ("train/normal/1.png", "train/fractured/2.png", "test/normal/3.png", "test/fractured/4.png"):
        _touch(tmp_path / "films" / name)
    return replace(read_catalogue(tmp_path / "films", "folders"), layout="phantom")


def test_manifest_names_the_source_dataset(source, tmp_path):
    for path in (
        tmp_path / "runs" / "deep" / "m.csv",
        tmp_path / "m.csv",
        source.root / "train" / "m.csv",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_manifest(path, source.cases, "fracture", source)
        found = read_catalogue(path)
        assert (found.root, found.layout, found.source) == (source.root, "csv", "phantom")
        assert found.cases == source.cases
    # A manifest made from a manifest keeps the source.
    write_manifest(tmp_path / "again.csv", found.cases, "fracture", found)
    assert (read_catalogue(tmp_path / "again.csv").root, read_catalogue(tmp_path / "again.csv").source) == (
        source.root,
        "phantom",
    )


def test_source_dataset_can_be_moved_with_the_manifest(source, tmp_path):
    write_manifest(source.root / "m.csv", source.cases, "fracture", source)
    source.root.rename(tmp_path / "moved")
    found = read_catalogue(tmp_path / "moved" / "m.csv")
    assert (found.root, found.source) == (tmp_path / "moved", "phantom")


@pytest.mark.parametrize(
    "line", ["{other},1,x,,,,,,,{root},mura", "{other},1,x", "{other},1,x,,,,,,,{root},phantom"]
)
def test_other_images_make_it_a_dataset_of_its_own(source, tmp_path, line):
    other = _touch(tmp_path / "other" / "x.png")
    path = tmp_path / "films" / "m.csv"
    write_manifest(path, source.cases, "fracture", source)
    with path.open("a") as file:
        file.write(line.format(other=other, root=source.root) + "\n")
    found = read_catalogue(path)
    assert (found.root, found.source) == (tmp_path, "")


def test_unknown_source_layout_is_refused(source, tmp_path):
    write_manifest(tmp_path / "m.csv", source.cases, "fracture", replace(source, layout="later"))
    with pytest.raises(DataError, match=r"unknown set_layout 'later'"):
        read_catalogue(tmp_path / "m.csv")
