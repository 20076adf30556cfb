"""What an archive may do to this computer: nothing but fill its folder."""

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
def unpacked(tmp_path):
    """Unpacks bytes below tmp_path/in/set and gives that folder."""

    def run(content: bytes) -> Path:
        inside = tmp_path / "in"
        inside.mkdir(exist_ok=True)
        archive = inside / "set.zip"
        archive.write_bytes(content)
        unzip(archive, inside / "set")
        return inside / "set"

    return run


def _everything(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def _with(info: zipfile.ZipInfo, content: bytes = b"x") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("good.txt", "good")
        archive.writestr(info, content)
    return buffer.getvalue()


def _kind(kind: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("member")
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    return info


def _is_refused(run, tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words) as error:
        run(content)
    assert str(error.value).count("\n") == 0
    assert _everything(tmp_path) == ["in", "in/set.zip"]


def test_a_good_archive(unpacked):
    files = {"a/train/one.png": b"1" * 5000, "a/täble.csv": b"2", "a/empty/": b"", "..a/b..c/d": b"3"}
    folder = unpacked(pack(files))
    assert {name: (folder / name).read_bytes() for name in files if not name.endswith("/")} == {
        name: content for name, content in files.items() if not name.endswith("/")
    }


def test_windows_paths_are_paths(unpacked):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("a\\", "a\\b.txt"):
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            archive.writestr(info, b"")
    assert _everything(unpacked(buffer.getvalue())) == ["a", "a/b.txt"]


def test_what_macos_left_is_left_out(unpacked):
    folder = unpacked(pack({"a.png": b"1", "__MACOSX/._a.png": b"2", ".DS_Store": b"3", "sub/._b": b"4"}))
    assert _everything(folder) == ["a.png"]


@pytest.mark.parametrize(
    ("name", "words"),
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
        ("evil\n.txt", "no file name"),
        ("evil\0.txt", "no file name"),
        (".", "no file name"),
        ("__MACOSX/../../evil.txt", "leads out"),
    ],
)
def test_names_that_leave_the_folder(unpacked, tmp_path, name, words):
    info = zipfile.ZipInfo("placeholder")
    info.filename = name
    _is_refused(unpacked, tmp_path, _with(info), words)


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
def test_names_that_collide(unpacked, tmp_path, first, second):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in (first, second):
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            archive.writestr(info, b"")
    _is_refused(unpacked, tmp_path, buffer.getvalue(), "collides")


def test_a_name_twice(unpacked, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.png", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.png", "2")
    _is_refused(unpacked, tmp_path, buffer.getvalue(), "collides")


@pytest.mark.parametrize(
    ("kind", "words"),
    [(stat.S_IFLNK, "is a link"), (stat.S_IFIFO, "no ordinary"), (stat.S_IFCHR, "no ordinary")],
)
def test_links_and_devices(unpacked, tmp_path, kind, words):
    _is_refused(unpacked, tmp_path, _with(_kind(kind), b"/etc/passwd"), words)


def test_encrypted(unpacked, tmp_path):
    content = bytearray(pack({"a.png": b"1"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= 1
    _is_refused(unpacked, tmp_path, bytes(content), "is encrypted")


def test_another_method(unpacked, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.png", b"1")
    _is_refused(unpacked, tmp_path, buffer.getvalue(), "needs another program")


def test_a_bomb(unpacked, tmp_path):
    bomb = pack({"a.png": bytes(80 << 20)})
    assert len(bomb) < 1 << 20
    _is_refused(unpacked, tmp_path, bomb, "would swell to 84 MB")


def test_a_bomb_that_lies_about_its_size_writes_no_more_than_it_says(unpacked, tmp_path):
    content = bytearray(pack({"a.png": bytes(80 << 20)}))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = content.index(mark) + at
        content[place : place + 4] = (1000).to_bytes(4, "little")
    with pytest.raises(DataError, match="is damaged"):
        unpacked(bytes(content))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 1000


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_archive_is_deleted(unpacked, tmp_path, share):
    whole = pack({f"{number}.png": bytes([number]) * 5000 for number in range(20)})
    with pytest.raises(DataError, match="is damaged"):
        unpacked(whole[: int(share * len(whole))])
    assert _everything(tmp_path) == ["in"]


def test_a_damaged_member(unpacked, tmp_path):
    content = bytearray(pack({"a.png": bytes(range(256)) * 40}))
    content[60] ^= 0xFF
    with pytest.raises(DataError, match="is damaged"):
        unpacked(bytes(content))
    assert not (tmp_path / "in" / "set.zip").exists()


def test_no_room(unpacked, tmp_path, monkeypatch):
    class Usage:
        free = 10

    monkeypatch.setattr("shutil.disk_usage", lambda _folder: Usage)
    with pytest.raises(DataError, match="there are 10 bytes"):
        unpacked(pack({"a.png": bytes(5000)}))


@pytest.mark.parametrize("spoil", crafted_zips.DAMAGED)
def test_members_outside_the_archive_are_refused(unpacked, tmp_path, spoil):
    _is_refused(unpacked, tmp_path, spoil(pack({"a/one.png": b"1"})), "lies outside the archive")
