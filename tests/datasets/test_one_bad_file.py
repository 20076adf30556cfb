"""A file that raises an unexpected exception, or whose name is not UTF-8, does not affect other files."""

import csv
import importlib
import io
import json
import os
import re
import zipfile
from pathlib import Path

import pytest
from phantom_files import save_image, small_phantom

from fracture_core import near_duplicates
from fracture_core.audit import audit_dataset, file_facts
from fracture_core.audit.html_report import duplicate_group_view, to_html
from fracture_core.audit.text_report import to_text
from fracture_core.datasets.image_properties import measure_image_properties
from fracture_core.datasets.layouts import orientation, read_catalogue
from fracture_core.datasets.manifest import write_manifest
from fracture_core.imaging import dropped_files, thumbnail

_SENTENCE = re.compile(r"This file could not be read \(internal error, reference [0-9A-F]{6}\)\.")
# The package exports a function with the name of the module.
_duplicates = importlib.import_module("fracture_core.near_duplicates.find_duplicates")
_NAME, _SHOWN = os.fsdecode(b"R\xf6ntgen_1.png"), r"R\xf6ntgen_1.png"


@pytest.fixture
def dataset_folder(tmp_path) -> Path:
    """Eight phantoms in two class folders."""
    root = tmp_path / "films"
    for seed in range(8):
        save_image(
            root / ("normal", "fractured")[seed % 2] / f"{seed}.png", small_phantom(seed, seed % 2 == 1)
        )
    return root


@pytest.fixture
def fail_on_file(monkeypatch):
    """Make `read_radiograph` of a module raise ValueError for one file."""

    def patch(module, bad: Path) -> None:
        original, content = module.read_radiograph, bad.read_bytes()

        def read(source):
            if source in (bad, content):
                raise ValueError("Doe^Jane")
            return original(source)

        monkeypatch.setattr(module, "read_radiograph", read)

    return patch


def test_audit_continues_after_an_unexpected_exception(dataset_folder, fail_on_file):
    bad = dataset_folder / "normal/2.png"
    fail_on_file(file_facts, bad)
    audit = audit_dataset(dataset_folder)
    errors = audit.to_json()["unreadable"]
    assert list(errors) == ["normal/2.png"]
    assert _SENTENCE.fullmatch(errors["normal/2.png"])
    assert "Doe" not in json.dumps(audit.to_json())
    assert sum(each.readable for each in audit.films.facts) == 7


def test_near_duplicates_are_found_despite_an_unexpected_exception(dataset_folder, fail_on_file):
    paths = sorted(dataset_folder.rglob("*.png"))
    fail_on_file(_duplicates, paths[3])
    assert len(set(near_duplicates.find_duplicates(paths).tolist())) == len(paths)
    assert not near_duplicates.comparison_image(paths[3]).any()


def test_properties_are_measured_despite_an_unexpected_exception(dataset_folder, fail_on_file, tmp_path):
    from fracture_core.datasets import image_properties as module

    paths = sorted(dataset_folder.rglob("*.png"))
    fail_on_file(module, paths[3])
    table = measure_image_properties({path.name: path for path in paths}, tmp_path / "cache")
    assert table.isna().any(axis=1).to_numpy().nonzero()[0].tolist() == [3]


def test_thumbnail_is_empty_after_an_unexpected_exception(dataset_folder, fail_on_file):
    fail_on_file(thumbnail, dataset_folder / "normal/2.png")
    assert thumbnail.thumbnail_data_uri(dataset_folder / "normal/2.png") == ""
    assert thumbnail.thumbnail_data_uri(dataset_folder / "normal/4.png").startswith("data:image/jpeg")


def test_unexpected_exception_leaves_boxes_unchanged(tmp_path, monkeypatch):
    def fail(path):
        raise ValueError("Doe^Jane")

    monkeypatch.setattr(orientation, "_jpeg_frame", fail)
    monkeypatch.setattr(orientation, "read_radiograph", fail)
    assert orientation.jpeg_frame(tmp_path / "a.jpg") is None
    assert orientation.shown_size(tmp_path / "a.jpg") is None


def test_zip_is_read_despite_an_unexpected_exception(monkeypatch):
    archive_file = io.BytesIO()
    with zipfile.ZipFile(archive_file, "w") as archive:
        archive.writestr("a.png", b"one")
        archive.writestr("b.png", b"two")
    read_member = zipfile.ZipFile.read

    def read(self, info, *rest):
        if info.filename == "a.png":
            raise AssertionError("Doe^Jane")
        return read_member(self, info, *rest)

    monkeypatch.setattr(zipfile.ZipFile, "read", read)
    bad, good = dropped_files.expand_dropped("films.zip", archive_file.getvalue())
    assert _SENTENCE.fullmatch(bad.error)
    assert (good.name, good.content, good.error) == ("b.png", b"two", "")


# ---- names that are not UTF-8 ----


def _thumbnails(report: dict) -> list[bool]:
    """Whether each image of the only duplicate group has a thumbnail."""
    (group,) = report["clusters"]
    view = duplicate_group_view(group, report, thumbnail.thumbnail_data_uri)["films"]
    assert all(_SHOWN in film["path"] for film in view)
    return [film["thumbnail"].startswith("data:image/jpeg") for film in view]


@pytest.fixture
def folder_with_latin1_name(dataset_folder) -> Path:
    """The images, one of them with a Latin-1 name and a copy under the other label."""
    (dataset_folder / "normal/2.png").rename(dataset_folder / "normal" / _NAME)
    (dataset_folder / "fractured" / _NAME).write_bytes((dataset_folder / "normal" / _NAME).read_bytes())
    (dataset_folder / "fractured" / f"cut{_NAME}").write_bytes(b"not an image")
    return dataset_folder


def test_ids_are_escaped_and_paths_open_the_file(folder_with_latin1_name):
    cases = {case.id: case for case in read_catalogue(folder_with_latin1_name).cases}
    assert cases[f"normal/{_SHOWN}"].path == folder_with_latin1_name / "normal" / _NAME
    assert len(cases) == 10
    json.dumps(list(cases), ensure_ascii=False).encode()


def test_audit_reports_escape_the_names(folder_with_latin1_name):
    audit = audit_dataset(folder_with_latin1_name)
    report = audit.to_json()
    json.dumps(report, ensure_ascii=False).encode()
    page = to_html(report)
    assert page.encode().count(_SHOWN.encode()) >= 2
    assert _thumbnails(report) == [True, True]
    to_text(report).encode()
    assert f"fractured/cut{_SHOWN}" in report["unreadable"]


def test_manifest_round_trip(folder_with_latin1_name):
    catalogue = read_catalogue(folder_with_latin1_name)
    path = folder_with_latin1_name.parent / "manifest.csv"
    write_manifest(path, catalogue.cases, catalogue.finding)
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert f"films/normal/{_SHOWN}" in {row["path"] for row in rows}
    reloaded = read_catalogue(path)
    assert [(case.id, case.path, case.label) for case in reloaded.cases] == [
        (case.id, case.path, case.label) for case in catalogue.cases
    ]


def test_folder_name_that_is_not_utf_8(folder_with_latin1_name):
    root = folder_with_latin1_name.rename(folder_with_latin1_name.with_name(_NAME))
    report = audit_dataset(root).to_json()
    assert report["root"].endswith(_SHOWN)
    json.dumps(report, ensure_ascii=False).encode()
    assert _thumbnails(report) == [True, True]
    assert len(read_catalogue(Path(report["root"])).cases) == 10


def test_properties_are_cached(folder_with_latin1_name, tmp_path):
    paths = {case.id: case.path for case in read_catalogue(folder_with_latin1_name).cases}
    first = measure_image_properties(paths, tmp_path / "cache")
    assert first.loc[f"normal/{_SHOWN}"].notna().all()
    assert measure_image_properties(paths, tmp_path / "cache").equals(first)
