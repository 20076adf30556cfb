"""Names of zip members in different encodings."""

import io
import struct
import zipfile
import zlib

import pytest

from fracture_core.imaging.dropped_files import expand_dropped
from fracture_core.io.unzip import unzip
from fracture_core.io.zip_limits import member_names


class _RawName(zipfile.ZipInfo):
    """A member whose name is written as bytes; zipfile itself would mark non-ASCII names as UTF-8."""

    __slots__ = ("raw",)

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - as zipfile calls it
        return self.raw, self.flag_bits


def _zip_with_names(*names: bytes, extra: bytes = b"") -> bytes:
    """A zip whose members have these bytes as names, not marked as UTF-8; each holds its name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            info = _RawName(name.decode("cp437"))
            info.raw, info.extra = name, extra
            archive.writestr(info, name)
    return buffer.getvalue()


def _names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return member_names(archive.infolist())


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (["film.png", "a/b.png"], "ascii"),
        (["Röntgen.png", "レントゲン.png", "骨折/1.png"], "utf-8"),
        (["レントゲン写真/骨折_1.png", "レントゲン写真/正常_1.png"], "cp932"),
        (
            ["骨折あり/表.png", "骨折なし/能.png", "fractured/1.png"],
            "cp932",
        ),  # 表 and 能 end in the byte of a backslash
        (["ｱｲｳ.png"], "cp932"),
        (["Röntgen.png", "Müller_Fuß.png"], "cp437"),
        (["été/1.png", "Ärztin.png"], "cp437"),
        (["Röntgen.png", "Größe.png"], "cp1252"),
    ],
)
def test_names_are_decoded(names, encoding):
    assert _names(_zip_with_names(*(name.encode(encoding) for name in names))) == names


def test_name_marked_as_utf_8():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("レントゲン.png", b"")
    assert _names(buffer.getvalue()) == ["レントゲン.png"]


def test_unicode_path_field_is_used_only_for_its_own_name():
    raw = b"R?ntgen.png"
    field = struct.pack("<BL", 1, zlib.crc32(raw)) + "Röntgen.png".encode()
    extra = struct.pack("<HH", 0x7075, len(field)) + field
    assert _names(_zip_with_names(raw, extra=extra)) == ["Röntgen.png"]
    assert _names(_zip_with_names(b"other.png", extra=extra)) == ["other.png"]


def test_names_that_decode_alike_are_numbered():
    same = [name.encode("cp932") for name in ("骨折.png",)] + ["骨折.png".encode()]
    names = _names(_zip_with_names(*same))
    assert names == ["骨折.png", "骨折 (2).png"]


def test_japanese_archive_is_extracted_completely(tmp_path):
    names = ["骨折/表.png", "骨折/能.png", "正常/ソ.png"]
    (tmp_path / "set.zip").write_bytes(_zip_with_names(*(name.encode("cp932") for name in names)))
    unzip(tmp_path / "set.zip", tmp_path / "set")
    extracted_names = {
        path.relative_to(tmp_path / "set").as_posix() for path in (tmp_path / "set").rglob("*.png")
    }
    assert extracted_names == set(names)


def test_dropped_archive_shows_decoded_names():
    files = expand_dropped("films.zip", _zip_with_names("写真/表.png".encode("cp932"), b"plain.png"))
    assert [file.name for file in files] == ["写真/表.png", "plain.png"]
    assert all(not file.error and file.content for file in files)
