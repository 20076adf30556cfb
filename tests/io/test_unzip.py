"""Extraction of untrusted archives: nothing is written outside the target folder."""

import io
import stat
import zipfile
from pathlib import Path

import crafted_zips
import pytest
from local_hosts import pack

from fracture_core.errors import DataError
from fracture_core.io.unzip import unzip


@pytest.fixture
def extract_archive(tmp_path):
    """Function that extracts an archive to tmp_path/in/set and returns that folder."""

    def run(content: bytes) -> Path:
        inside = tmp_path / "in"
        inside.mkdir(exist_ok=True)
        archive = inside / "set.zip"
        archive.write_bytes(content)
        unzip(archive, inside / "set")
        return inside / "set"

    return run


def _all_paths(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def _archive_with(info: zipfile.ZipInfo, content: bytes = b"x") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("good.txt", "good")
        archive.writestr(info, content)
    return buffer.getvalue()


def _member_of_type(file_type: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("member")
    info.create_system = 3
    info.external_attr = (file_type | 0o777) << 16
    return info


def _assert_refused(unpack, tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        unpack(content)
    assert str(error.value).count("\n") == 0
    assert _all_paths(tmp_path) == ["in", "in/set.zip"]


def test_archive_is_extracted(extract_archive):
    files = {"a/train/one.png": b"1" * 5000, "a/täble.csv": b"2", "a/empty/": b"", "..a/b..c/d": b"3"}
    folder = extract_archive(pack(files))
    assert {name: (folder / name).read_bytes() for name in files if not name.endswith("/")} == {
        name: content for name, content in files.items() if not name.endswith("/")
    }


def test_windows_separators_are_accepted(extract_archive):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("a\\", "a\\b.txt"):
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            archive.writestr(info, b"")
    assert _all_paths(extract_archive(buffer.getvalue())) == ["a", "a/b.txt"]


def test_macos_files_are_left_out(extract_archive):
    folder = extract_archive(
        pack({"a.png": b"1", "__MACOSX/._a.png": b"2", ".DS_Store": b"3", "sub/._b": b"4"})
    )
    assert _all_paths(folder) == ["a.png"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../evil.txt", "leads out"),
        ("a/../../evil.txt", "leads out"),
        ("a\\..\\..\\evil.txt", "leads out"),
        ("/tmp/evil.txt", "absolute"),
        ("\\evil.txt", "absolute"),
        ("//host/evil.txt", "absolute"),
        ("C:\\evil.txt", "drive"),
        ("C:evil.txt", "drive"),
        ("a/b.txt:stream", "drive"),
        ("evil\n.txt", "not a valid file name"),
        ("evil\0.txt", "not a valid file name"),
        (".", "not a valid file name"),
        ("__MACOSX/../../evil.txt", "leads out"),
    ],
)
def test_names_outside_the_folder_are_refused(extract_archive, tmp_path, name, message):
    info = zipfile.ZipInfo("placeholder")
    info.filename = name
    _assert_refused(extract_archive, tmp_path, _archive_with(info), message)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.png", "A.PNG"),
        ("ä.png", "a\u0308.png"),
        ("a", "a/b.png"),
        ("a/b.png", "A"),
        ("a/", "A"),
        ("dir/a.png", "dir\\a.png"),
    ],
)
def test_names_that_some_file_systems_treat_as_equal_are_refused(extract_archive, tmp_path, first, second):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in (first, second):
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            archive.writestr(info, b"")
    _assert_refused(extract_archive, tmp_path, buffer.getvalue(), "same name as another")


def test_duplicate_name_is_refused(extract_archive, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.png", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.png", "2")
    _assert_refused(extract_archive, tmp_path, buffer.getvalue(), "same name as another")


@pytest.mark.parametrize(
    ("file_type", "message"),
    [(stat.S_IFLNK, "is a link"), (stat.S_IFIFO, "not a regular"), (stat.S_IFCHR, "not a regular")],
)
def test_links_and_devices_are_refused(extract_archive, tmp_path, file_type, message):
    _assert_refused(
        extract_archive, tmp_path, _archive_with(_member_of_type(file_type), b"/etc/passwd"), message
    )


def test_encrypted_member_is_refused(extract_archive, tmp_path):
    content = bytearray(pack({"a.png": b"1"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= 1
    _assert_refused(extract_archive, tmp_path, bytes(content), "is encrypted")


def test_other_compression_method_is_refused(extract_archive, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.png", b"1")
    _assert_refused(extract_archive, tmp_path, buffer.getvalue(), "unsupported compression")


def test_decompression_bomb_is_refused(extract_archive, tmp_path):
    bomb = pack({"a.png": bytes(80 << 20)})
    assert len(bomb) < 1 << 20
    _assert_refused(extract_archive, tmp_path, bomb, "would become 84 MB")


def test_bomb_with_false_size_writes_no_more_than_the_stated_size(extract_archive, tmp_path):
    content = bytearray(pack({"a.png": bytes(80 << 20)}))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        position = content.index(mark) + at
        content[position : position + 4] = (1000).to_bytes(4, "little")
    with pytest.raises(DataError, match="is damaged"):
        extract_archive(bytes(content))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 1000


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_truncated_archive_is_deleted(extract_archive, tmp_path, share):
    whole = pack({f"{number}.png": bytes([number]) * 5000 for number in range(20)})
    with pytest.raises(DataError, match="is damaged"):
        extract_archive(whole[: int(share * len(whole))])
    assert _all_paths(tmp_path) == ["in"]


def test_archive_with_damaged_member_is_deleted(extract_archive, tmp_path):
    content = bytearray(pack({"a.png": bytes(range(256)) * 40}))
    content[60] ^= 0xFF
    with pytest.raises(DataError, match="is damaged"):
        extract_archive(bytes(content))
    assert not (tmp_path / "in" / "set.zip").exists()


def test_too_little_disk_space_is_reported(extract_archive, tmp_path, monkeypatch):
    class Usage:
        free = 10

    monkeypatch.setattr("shutil.disk_usage", lambda _folder: Usage)
    with pytest.raises(DataError, match="only 10 bytes are free"):
        extract_archive(pack({"a.png": bytes(5000)}))


@pytest.mark.parametrize("damage", crafted_zips.DAMAGED)
def test_members_outside_the_archive_are_refused(extract_archive, tmp_path, damage):
    _assert_refused(extract_archive, tmp_path, damage(pack({"a/one.png": b"1"})), "lies outside the archive")
