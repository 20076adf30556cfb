"""What is written as a manifest reads back equal."""

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
    """Films below the manifest's folder and beside it, with all that makes a CSV hard."""
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


def test_a_set_of_one_class_keeps_its_finding(cases, tmp_path):
    write_manifest(tmp_path / "m.csv", [cases[1]], "abnormality")
    assert read_catalogue(tmp_path / "m.csv").finding == "abnormality"


def test_paths_are_relative_below_the_folder_and_whole_elsewhere(cases, tmp_path):
    write_manifest(tmp_path / "set" / "m.csv", cases[2:], "fracture")
    head, below, beside = (tmp_path / "set" / "m.csv").read_text("utf-8").splitlines()
    assert head == ",".join(MANIFEST_COLUMNS)
    assert below.startswith(" space .dcm,no_fracture, c,,g3,")
    assert beside.startswith(f"{tmp_path}/other/x.png,fractured,d,test,")


def test_a_set_can_move_with_its_manifest(cases, tmp_path):
    write_manifest(tmp_path / "set" / "manifest.csv", cases[:3], "fracture")
    (tmp_path / "set").rename(tmp_path / "moved")
    found = read_catalogue(tmp_path / "moved")
    assert {case.id for case in found.cases} == {case.id for case in cases[:3]}
    assert all(case.path.is_relative_to(tmp_path / "moved") for case in found.cases)


def test_writing_leaves_the_old_file_or_the_new_one(cases, tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("old")
    bad = Case("\udcff", cases[0].path, 0)
    with pytest.raises(DataError, match="Expected to write a manifest to"):
        write_manifest(path, [*cases, bad], "fracture")
    assert path.read_text() == "old"
    assert [other.name for other in tmp_path.iterdir() if other.is_file()] == ["m.csv"]


def test_no_place_to_write(cases, tmp_path):
    with pytest.raises(DataError, match="choose another place"):
        write_manifest(tmp_path / "none" / "m.csv", cases, "fracture")


def _touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.fixture
def known_set(tmp_path) -> Catalogue:
    """A set of synthetic films."""
    for name in ("train/normal/1.png", "train/fractured/2.png", "test/normal/3.png", "test/fractured/4.png"):
        _touch(tmp_path / "films" / name)
    return replace(read_catalogue(tmp_path / "films", "folders"), layout="phantom")


def test_a_manifest_of_a_known_set_names_it(known_set, tmp_path):
    for place in (
        tmp_path / "runs" / "deep" / "m.csv",
        tmp_path / "m.csv",
        known_set.root / "train" / "m.csv",
    ):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_manifest(place, known_set.cases, "fracture", known_set)
        found = read_catalogue(place)
        assert (found.root, found.layout, found.source) == (known_set.root, "csv", "phantom")
        assert found.cases == known_set.cases
    # A manifest of such a manifest is still of that set.
    write_manifest(tmp_path / "again.csv", found.cases, "fracture", found)
    assert (read_catalogue(tmp_path / "again.csv").root, read_catalogue(tmp_path / "again.csv").source) == (
        known_set.root,
        "phantom",
    )


def test_a_set_can_move_with_the_manifest_that_names_it(known_set, tmp_path):
    write_manifest(known_set.root / "m.csv", known_set.cases, "fracture", known_set)
    known_set.root.rename(tmp_path / "moved")
    found = read_catalogue(tmp_path / "moved" / "m.csv")
    assert (found.root, found.source) == (tmp_path / "moved", "phantom")


@pytest.mark.parametrize(
    "line", ["{other},1,x,,,,,,,{root},mura", "{other},1,x", "{other},1,x,,,,,,,{root},phantom"]
)
def test_films_of_elsewhere_make_it_a_set_of_its_own(known_set, tmp_path, line):
    other = _touch(tmp_path / "other" / "x.png")
    path = tmp_path / "films" / "m.csv"
    write_manifest(path, known_set.cases, "fracture", known_set)
    with path.open("a") as file:
        file.write(line.format(other=other, root=known_set.root) + "\n")
    found = read_catalogue(path)
    assert (found.root, found.source) == (tmp_path, "")


def test_an_unknown_set_is_refused(known_set, tmp_path):
    write_manifest(tmp_path / "m.csv", known_set.cases, "fracture", replace(known_set, layout="later"))
    with pytest.raises(DataError, match=r"Expected as set_layout .* but got 'later'"):
        read_catalogue(tmp_path / "m.csv")
