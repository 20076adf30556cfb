"""Dropped files: a zip is opened in memory, within limits, and one bad member spoils no other."""

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


def _only(files: list[DroppedFile]) -> DroppedFile:
    assert len(files) == 1
    return files[0]


def test_a_film_is_itself():
    film = _only(expand_dropped("hand.png", b"\x89PNG"))
    assert (film.name, film.content, film.error) == ("hand.png", b"\x89PNG", "")


@pytest.mark.parametrize(
    "name", ["__MACOSX/._a.png", "x/.DS_Store", "Thumbs.db", "cd/DICOMDIR", "a\\desktop.ini", "._a.png"]
)
def test_clutter_is_left_out(name):
    assert expand_dropped(name, b"anything") == []
    assert [film.name for film in expand_dropped("z.zip", _zip((name, b"x"), ("b.png", b"y")))] == ["b.png"]


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_zip_is_its_films(method):
    films = expand_dropped(
        "study.zip", _zip(("a/one.png", b"1"), ("two", b"2"), ("empty/", b""), method=method)
    )
    assert [(film.name, film.content, film.error) for film in films] == [
        ("a/one.png", b"1", ""),
        ("two", b"2", ""),
    ]


def test_an_office_document_is_no_bundle():
    document = _zip(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>"))
    assert _only(expand_dropped("letter.docx", document)).content == document


def test_a_name_is_shown_and_nothing_else():
    film = _only(expand_dropped("z.zip", _zip(("../../etc/passwd\x1b[31m", b"x"))))
    assert film.content == b"x"
    assert film.name.isprintable()


def test_a_zip_in_a_zip_spoils_no_other():
    inner = _zip(("deep.png", b"x"))
    nested, good = expand_dropped("z.zip", _zip(("inner.zip", inner), ("good.png", b"y")))
    assert "zip within a zip" in nested.error
    assert not nested.content
    assert good.content == b"y"


def test_a_link_is_no_film():
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "link" in _only(expand_dropped("z.zip", _zip((link, b"/etc/passwd")))).error


def test_a_password_is_named():
    packed = bytearray(_zip(("a.png", b"x" * 100)))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.index(signature) + place] |= 1
    film = _only(expand_dropped("z.zip", bytes(packed)))
    assert film.name == "z.zip"
    assert "password" in film.error


def test_limits(monkeypatch):
    monkeypatch.setattr(dropped_files, "MAX_FILES", 3)
    many = _zip(*((f"{number}.png", b"x") for number in range(4)))
    assert "holds 4 files; expected at most 3" in _only(expand_dropped("z.zip", many)).error
    monkeypatch.setattr(dropped_files, "MAX_FILE_BYTES", 1 << 20)
    big, small = expand_dropped("z.zip", _zip(("big.png", bytes(2 << 20)), ("small.png", b"x")))
    assert "unpacks to 2 MB" in big.error
    assert small.content == b"x"
    monkeypatch.setattr(dropped_files, "MAX_TOTAL_BYTES", 2 << 20)
    bomb = _zip(*((f"{number}.png", bytes(1 << 20)) for number in range(3)))
    assert len(bomb) < 10_000
    assert "unpacks to 3 MB; expected at most 2" in _only(expand_dropped("z.zip", bomb)).error


def test_an_announcement_that_is_too_small_unpacks_no_more(monkeypatch):
    packed = bytearray(_zip(("a.png", bytes(4 << 20))))
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = packed.index(signature) + place
        packed[at : at + 4] = (10).to_bytes(4, "little")
    film = _only(expand_dropped("z.zip", bytes(packed)))
    assert len(film.content) <= 10
    assert "damaged" in film.error


def test_an_empty_zip():
    assert "holds no files" in _only(expand_dropped("z.zip", _zip())).error


def test_damage_is_a_sentence_and_nothing_else():
    whole = _zip(*((f"{number}.png", bytes(range(256)) * 8) for number in range(3)))
    dice = random.Random(0)
    for _ in range(400):
        broken = bytearray(whole)
        for _ in range(dice.randint(1, 3)):
            broken[dice.randrange(4, len(broken))] = dice.randrange(256)
        for film in expand_dropped("z.zip", bytes(broken[: dice.randrange(60, len(broken) + 1)])):
            assert film.content or film.error


@pytest.mark.parametrize("spoil", crafted_zips.DAMAGED)
def test_a_zip_whose_members_lie_outside_it_is_told(spoil):
    assert "damaged" in _only(expand_dropped("films.zip", spoil(_zip(("hand.png", b"\x89PNG"))))).error
