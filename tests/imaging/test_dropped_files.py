"""Uploaded files: zip archives are opened in memory, within limits, and a bad member does not affect others."""

import io
import random
import stat
import zipfile

import crafted_zips
import pytest

from fracture_core.imaging import dropped_files
from fracture_core.imaging.dropped_files import DroppedFile, expand_dropped


def _zip(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def _single_file(files: list[DroppedFile]) -> DroppedFile:
    assert len(files) == 1
    return files[0]


def test_image_is_returned_unchanged():
    film = _single_file(expand_dropped("hand.png", b"\x89PNG"))
    assert (film.name, film.content, film.error) == ("hand.png", b"\x89PNG", "")


@pytest.mark.parametrize(
    "name", ["__MACOSX/._a.png", "x/.DS_Store", "Thumbs.db", "cd/DICOMDIR", "a\\desktop.ini", "._a.png"]
)
def test_system_files_are_left_out(name):
    assert expand_dropped(name, b"anything") == []
    assert [film.name for film in expand_dropped("z.zip", _zip((name, b"x"), ("b.png", b"y")))] == ["b.png"]


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_zip_is_expanded_to_its_files(method):
    films = expand_dropped(
        "study.zip", _zip(("a/one.png", b"1"), ("two", b"2"), ("empty/", b""), method=method)
    )
    assert [(film.name, film.content, film.error) for film in films] == [
        ("a/one.png", b"1", ""),
        ("two", b"2", ""),
    ]


def test_office_document_is_not_expanded():
    document = _zip(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>"))
    assert _single_file(expand_dropped("letter.docx", document)).content == document


def test_name_of_a_member_is_only_displayed():
    film = _single_file(expand_dropped("z.zip", _zip(("../../etc/passwd\x1b[31m", b"x"))))
    assert film.content == b"x"
    assert film.name.isprintable()


def test_nested_zip_does_not_affect_other_files():
    inner = _zip(("deep.png", b"x"))
    nested, good = expand_dropped("z.zip", _zip(("inner.zip", inner), ("good.png", b"y")))
    assert "zip archive within a zip" in nested.error
    assert not nested.content
    assert good.content == b"y"


def test_link_is_rejected():
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "link" in _single_file(expand_dropped("z.zip", _zip((link, b"/etc/passwd")))).error


def test_encrypted_zip_is_rejected():
    packed = bytearray(_zip(("a.png", b"x" * 100)))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.index(signature) + offset] |= 1
    film = _single_file(expand_dropped("z.zip", bytes(packed)))
    assert film.name == "z.zip"
    assert "password" in film.error


def test_limits_on_number_and_size_are_enforced(monkeypatch):
    monkeypatch.setattr(dropped_files, "MAX_FILES", 3)
    many = _zip(*((f"{number}.png", b"x") for number in range(4)))
    assert "contains 4 files; the limit is 3" in _single_file(expand_dropped("z.zip", many)).error
    monkeypatch.setattr(dropped_files, "MAX_FILE_BYTES", 1 << 20)
    big, small = expand_dropped("z.zip", _zip(("big.png", bytes(2 << 20)), ("small.png", b"x")))
    assert "unpacks to 2 MB" in big.error
    assert small.content == b"x"
    monkeypatch.setattr(dropped_files, "MAX_TOTAL_BYTES", 2 << 20)
    bomb = _zip(*((f"{number}.png", bytes(1 << 20)) for number in range(3)))
    assert len(bomb) < 10_000
    assert "unpacks to 3 MB; the limit is 2" in _single_file(expand_dropped("z.zip", bomb)).error


def test_member_with_false_size_is_not_extracted_further(monkeypatch):
    packed = bytearray(_zip(("a.png", bytes(4 << 20))))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = packed.index(signature) + offset
        packed[at : at + 4] = (10).to_bytes(4, "little")
    film = _single_file(expand_dropped("z.zip", bytes(packed)))
    assert len(film.content) <= 10
    assert "damaged" in film.error


def test_empty_zip_is_rejected():
    assert "contains no files" in _single_file(expand_dropped("z.zip", _zip())).error


def test_damaged_zip_gives_an_error_message():
    whole = _zip(*((f"{number}.png", bytes(range(256)) * 8) for number in range(3)))
    rng = random.Random(0)
    for _ in range(400):
        broken = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            broken[rng.randrange(4, len(broken))] = rng.randrange(256)
        for film in expand_dropped("z.zip", bytes(broken[: rng.randrange(60, len(broken) + 1)])):
            assert film.content or film.error


@pytest.mark.parametrize("damage", crafted_zips.DAMAGED)
def test_zip_with_members_outside_the_archive_is_rejected(damage):
    assert (
        "damaged" in _single_file(expand_dropped("films.zip", damage(_zip(("hand.png", b"\x89PNG"))))).error
    )
