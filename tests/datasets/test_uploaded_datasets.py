"""Data sets that come as a zip."""

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

SET = {f"set/{kind}/{number}.png": b"film" for kind in ("fractured", "not fractured") for number in range(3)}


def _left(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".uploads").iterdir())


def test_a_set_is_kept_and_found_again(tmp_path):
    folder = uploaded_datasets.add_uploaded(io.BytesIO(pack(SET)), "My films.zip", tmp_path)
    assert folder.name.startswith("My_films-")
    assert len(read_catalogue(folder).cases) == 6
    assert uploaded_datasets.uploaded_folders(tmp_path) == [folder]
    assert _left(tmp_path) == [folder.name]  # neither the zip nor anything half unpacked


def test_the_same_zip_is_kept_once_and_another_beside_it(tmp_path):
    first = uploaded_datasets.add_uploaded(io.BytesIO(pack(SET)), "films.zip", tmp_path)
    assert uploaded_datasets.add_uploaded(io.BytesIO(pack(SET)), "films.zip", tmp_path) == first
    more = {**SET, "set/fractured/more.png": b"film"}
    assert uploaded_datasets.add_uploaded(io.BytesIO(pack(more)), "films.zip", tmp_path) != first
    assert len(uploaded_datasets.uploaded_folders(tmp_path)) == 2


@pytest.mark.parametrize(
    "name",
    ["../../evil.zip", "..\\..\\evil.zip", "/etc/passwd", ".hidden.zip", "", "a" * 300 + ".zip", "😀.zip"],
)
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    folder = uploaded_datasets.add_uploaded(io.BytesIO(pack(SET)), name, tmp_path)
    assert folder.parent == tmp_path / ".uploads"
    assert uploaded_datasets.uploaded_folders(tmp_path) == [folder]


def _encrypted() -> bytes:
    content = bytearray(pack({"a.png": b"film"}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def _link() -> bytes:
    buffer = io.BytesIO()
    info = zipfile.ZipInfo("link.png")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "films.zip is damaged or not a supported zip"),
        (b"junk", "films.zip is damaged or not a supported zip"),
        (pack(SET)[:-30], "films.zip is damaged or not a supported zip"),
        (pack({"../out.png": b"film"}), "leads out of the target folder"),
        (_link(), "is a link. Check where"),
        (_encrypted(), "is encrypted. Check where"),
        (pack({"a/1.png": b"film"}), "Expected a data set in films.zip, but found"),
        (pack({}), "Expected a data set in films.zip, but found"),
    ],
)
def test_a_bad_zip_is_one_sentence_and_leaves_nothing(tmp_path, content, sentence):
    with pytest.raises(DataError, match=sentence) as error:
        uploaded_datasets.add_uploaded(io.BytesIO(content), "films.zip", tmp_path)
    assert "\n" not in str(error.value)
    assert str(tmp_path) not in str(error.value)
    assert _left(tmp_path) == []


def test_a_zip_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(uploaded_datasets, "MAX_UPLOAD_MB", 0)
    with pytest.raises(DataError, match="at most 0 MB, but this one is larger"):
        uploaded_datasets.add_uploaded(io.BytesIO(pack(SET)), "films.zip", tmp_path)
    assert _left(tmp_path) == []


def test_the_server_lets_as_much_through():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["server"]["maxUploadSize"] == uploaded_datasets.MAX_UPLOAD_MB


@pytest.mark.parametrize("most", [ArchiveLimits(files=5, size=1000), ArchiveLimits(files=9, size=20)])
def test_a_zip_that_holds_too_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch, most):
    monkeypatch.setattr(uploaded_datasets, "_LIMITS", most)
    with pytest.raises(DataError, match=r"contains 6 files of 24 bytes, but at most .*Unpack it yourself"):
        uploaded_datasets.add_uploaded(io.BytesIO(pack(SET)), "films.zip", tmp_path)
    assert _left(tmp_path) == []


def test_a_set_is_deleted_and_nothing_else(tmp_path):
    folder = uploaded_datasets.add_uploaded(io.BytesIO(pack(SET)), "films.zip", tmp_path)
    other = tmp_path / "precious"
    other.mkdir()
    for path in (other, tmp_path, folder / "set", folder.parent / ".." / "precious"):
        with pytest.raises(DataError, match="is none: it was not deleted"):
            uploaded_datasets.delete_uploaded(path, tmp_path)
    uploaded_datasets.delete_uploaded(folder, tmp_path)
    assert uploaded_datasets.uploaded_folders(tmp_path) == []
    assert _left(tmp_path) == []
    assert other.is_dir()


def test_a_set_in_use_is_known_also_through_its_mended_split(tmp_path):
    folder = uploaded_datasets.add_uploaded(io.BytesIO(pack(SET)), "films.zip", tmp_path)
    assert uploaded_datasets.is_used_by(str(folder), folder)
    assert uploaded_datasets.is_used_by(str(folder / "set"), folder)
    assert not uploaded_datasets.is_used_by(str(tmp_path), folder)
    assert not uploaded_datasets.is_used_by("/gone.csv", folder)
    elsewhere = tmp_path / "elsewhere" / "mended.csv"
    elsewhere.parent.mkdir()
    write_manifest(elsewhere, read_catalogue(folder).cases, "fracture")
    assert uploaded_datasets.is_used_by(str(elsewhere), folder)
    other = folder.with_name("films")
    assert not uploaded_datasets.is_used_by(str(elsewhere), other)


def test_nothing_was_uploaded_yet(tmp_path):
    assert uploaded_datasets.uploaded_folders(tmp_path) == []


def _days_old(path: Path, days: int) -> Path:
    path.mkdir(parents=True)
    (path / "film.png").touch()
    os.utime(path, (time.time() - days * 86_400,) * 2)
    return path


def test_what_killed_processes_left_is_swept_up(tmp_path):
    folder = tmp_path / ".uploads"
    for name in (".unpacking-a", ".deleting-b"):
        _days_old(folder / name, 2)
    at_work = _days_old(folder / ".unpacking-c", 0)
    kept = _days_old(folder / "films", 9)
    taken = uploaded_datasets.add_uploaded(io.BytesIO(pack(SET)), "films.zip", tmp_path)
    assert _left(tmp_path) == sorted([at_work.name, kept.name, taken.name])


def test_a_set_whose_deletion_was_broken_off_before_can_be_deleted(tmp_path):
    folder = uploaded_datasets.add_uploaded(io.BytesIO(pack(SET)), "films.zip", tmp_path)
    _days_old(folder.with_name(f".deleting-{folder.name}"), 0)
    uploaded_datasets.delete_uploaded(folder, tmp_path)
    assert _left(tmp_path) == []


def test_an_old_set_that_is_being_deleted_is_left_to_who_deletes_it(tmp_path, monkeypatch):
    old = _days_old(tmp_path / ".uploads" / "films", 9)
    with monkeypatch.context() as patch:
        patch.setattr(uploaded_datasets.shutil, "rmtree", lambda *given, **more: None)
        uploaded_datasets.delete_uploaded(old, tmp_path)
    uploaded_datasets.add_uploaded(io.BytesIO(pack(SET)), "more.zip", tmp_path)
    assert ".deleting-films" in _left(tmp_path)
