"""Datasets uploaded as zip archives."""

import io
import os
import time
import tomllib
import zipfile
from pathlib import Path

import pytest
from local_hosts import pack

from fracture_core.datasets import uploaded_datasets
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.datasets.manifest import write_manifest
from fracture_core.errors import DataError
from fracture_core.io.unzip import ArchiveLimits

ROOT = Path(__file__).resolve().parents[2]

FILES = {
    f"set/{kind}/{number}.png": b"film" for kind in ("fractured", "not fractured") for number in range(3)
}


def _uploaded_names(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".uploads").iterdir())


def test_dataset_is_unpacked_and_listed(tmp_path):
    folder = uploaded_datasets.add_uploaded(io.BytesIO(pack(FILES)), "My films.zip", tmp_path)
    assert folder.name.startswith("My_films-")
    assert len(read_catalogue(folder).cases) == 6
    assert uploaded_datasets.uploaded_folders(tmp_path) == [folder]
    assert _uploaded_names(tmp_path) == [folder.name]  # no archive and no work folder


def test_same_archive_is_unpacked_once(tmp_path):
    first = uploaded_datasets.add_uploaded(io.BytesIO(pack(FILES)), "films.zip", tmp_path)
    assert uploaded_datasets.add_uploaded(io.BytesIO(pack(FILES)), "films.zip", tmp_path) == first
    kwargs = {**FILES, "set/fractured/more.png": b"film"}
    assert uploaded_datasets.add_uploaded(io.BytesIO(pack(kwargs)), "films.zip", tmp_path) != first
    assert len(uploaded_datasets.uploaded_folders(tmp_path)) == 2


@pytest.mark.parametrize(
    "name",
    ["../../evil.zip", "..\\..\\evil.zip", "/etc/passwd", ".hidden.zip", "", "a" * 300 + ".zip", "😀.zip"],
)
def test_file_name_cannot_leave_the_folder(tmp_path, name):
    folder = uploaded_datasets.add_uploaded(io.BytesIO(pack(FILES)), name, tmp_path)
    assert folder.parent == tmp_path / ".uploads"
    assert uploaded_datasets.uploaded_folders(tmp_path) == [folder]


def _encrypted_zip() -> bytes:
    content = bytearray(pack({"a.png": b"film"}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def _zip_with_link() -> bytes:
    buffer = io.BytesIO()
    info = zipfile.ZipInfo("link.png")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "films.zip is damaged"),
        (b"junk", "films.zip is damaged"),
        (pack(FILES)[:-30], "films.zip is damaged"),
        (pack({"../out.png": b"film"}), "was not unpacked: .* leads out of"),
        (_zip_with_link(), "was not unpacked: .* is a link"),
        (_encrypted_zip(), "was not unpacked: .* is encrypted"),
        (pack({"a/1.png": b"film"}), "No known dataset in films.zip"),
        (pack({}), "No known dataset in films.zip"),
    ],
)
def test_bad_archive_is_refused_and_leaves_nothing(tmp_path, content, sentence):
    with pytest.raises(DataError, match=sentence) as error:
        uploaded_datasets.add_uploaded(io.BytesIO(content), "films.zip", tmp_path)
    assert "\n" not in str(error.value)
    assert str(tmp_path) not in str(error.value)
    assert _uploaded_names(tmp_path) == []


def test_too_large_archive_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(uploaded_datasets, "MAX_UPLOAD_MB", 0)
    with pytest.raises(DataError, match="larger than 0 MB"):
        uploaded_datasets.add_uploaded(io.BytesIO(pack(FILES)), "films.zip", tmp_path)
    assert _uploaded_names(tmp_path) == []


def test_upload_limit_equals_the_server_limit():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["server"]["maxUploadSize"] == uploaded_datasets.MAX_UPLOAD_MB


@pytest.mark.parametrize("limits", [ArchiveLimits(files=5, size=1000), ArchiveLimits(files=9, size=20)])
def test_archive_beyond_limits_is_refused_before_unpacking(tmp_path, monkeypatch, limits):
    monkeypatch.setattr(uploaded_datasets, "_LIMITS", limits)
    with pytest.raises(DataError, match=r"contains 6 files of 24 bytes, .* Unpack it yourself"):
        uploaded_datasets.add_uploaded(io.BytesIO(pack(FILES)), "films.zip", tmp_path)
    assert _uploaded_names(tmp_path) == []


def test_only_uploaded_datasets_are_deleted(tmp_path):
    folder = uploaded_datasets.add_uploaded(io.BytesIO(pack(FILES)), "films.zip", tmp_path)
    unrelated_folder = tmp_path / "precious"
    unrelated_folder.mkdir()
    for path in (unrelated_folder, tmp_path, folder / "set", folder.parent / ".." / "precious"):
        with pytest.raises(DataError, match="was not deleted, because it is not an uploaded dataset"):
            uploaded_datasets.delete_uploaded(path, tmp_path)
    uploaded_datasets.delete_uploaded(folder, tmp_path)
    assert uploaded_datasets.uploaded_folders(tmp_path) == []
    assert _uploaded_names(tmp_path) == []
    assert unrelated_folder.is_dir()


def test_use_through_a_clean_split_is_recognised(tmp_path):
    folder = uploaded_datasets.add_uploaded(io.BytesIO(pack(FILES)), "films.zip", tmp_path)
    assert uploaded_datasets.is_used_by(str(folder), folder)
    assert uploaded_datasets.is_used_by(str(folder / "set"), folder)
    assert not uploaded_datasets.is_used_by(str(tmp_path), folder)
    assert not uploaded_datasets.is_used_by("/gone.csv", folder)
    manifest = tmp_path / "elsewhere" / "clean.csv"
    manifest.parent.mkdir()
    write_manifest(manifest, read_catalogue(folder).cases, "fracture")
    assert uploaded_datasets.is_used_by(str(manifest), folder)
    unrelated_folder = folder.with_name("films")
    assert not uploaded_datasets.is_used_by(str(manifest), unrelated_folder)


def test_missing_folder_has_no_uploads(tmp_path):
    assert uploaded_datasets.uploaded_folders(tmp_path) == []


def _days_old(path: Path, days: int) -> Path:
    path.mkdir(parents=True)
    (path / "film.png").touch()
    os.utime(path, (time.time() - days * 86_400,) * 2)
    return path


def test_leftovers_of_killed_processes_are_deleted(tmp_path):
    folder = tmp_path / ".uploads"
    for name in (".unpacking-a", ".deleting-b"):
        _days_old(folder / name, 2)
    recent = _days_old(folder / ".unpacking-c", 0)
    dataset = _days_old(folder / "films", 9)
    added = uploaded_datasets.add_uploaded(io.BytesIO(pack(FILES)), "films.zip", tmp_path)
    assert _uploaded_names(tmp_path) == sorted([recent.name, dataset.name, added.name])


def test_deletion_after_an_interrupted_deletion(tmp_path):
    folder = uploaded_datasets.add_uploaded(io.BytesIO(pack(FILES)), "films.zip", tmp_path)
    _days_old(folder.with_name(f".deleting-{folder.name}"), 0)
    uploaded_datasets.delete_uploaded(folder, tmp_path)
    assert _uploaded_names(tmp_path) == []


def test_dataset_being_deleted_is_not_a_leftover(tmp_path, monkeypatch):
    old = _days_old(tmp_path / ".uploads" / "films", 9)
    with monkeypatch.context() as patch:
        patch.setattr(uploaded_datasets.shutil, "rmtree", lambda *args, **kwargs: None)
        uploaded_datasets.delete_uploaded(old, tmp_path)
    uploaded_datasets.add_uploaded(io.BytesIO(pack(FILES)), "more.zip", tmp_path)
    assert ".deleting-films" in _uploaded_names(tmp_path)


@pytest.mark.parametrize("form", ["{0}", "../../../{1}", "images/../../../../{1}", "..\\\\..\\\\..\\\\{1}"])
def test_manifest_in_a_zip_names_no_file_outside(tmp_path, form):
    outside = tmp_path / "patient.png"
    outside.write_bytes(b"film")
    manifest = f"path,label\nimages/0.png,fractured\n{form.format(outside, outside.name)},no_fracture\n"
    content = pack({"images/0.png": b"film", "manifest.csv": manifest.encode()})
    runs = tmp_path / "runs"
    folder = uploaded_datasets.add_uploaded(io.BytesIO(content), "films.zip", runs)
    cases = read_catalogue(folder).cases
    assert [case.path for case in cases] == [folder / "images" / "0.png"]
