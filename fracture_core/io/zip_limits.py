"""Zip archives from untrusted sources: supported compression, exceptions, and the encoding of member names."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import PurePosixPath

#: The two methods that every program writes. The others of zipfile raise further exceptions on damaged data.
SUPPORTED_COMPRESSION = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

#: General purpose flag of encrypted members (APPNOTE 4.4.4, bit 0).
ENCRYPTED_FLAG = 0x1

#: Exceptions of zipfile on damaged or crafted archives; wrong offsets make `seek` raise several of them.
DAMAGED_ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, OverflowError,
    LookupError, NotImplementedError,
)  # fmt: skip

# General purpose flag of members whose name is UTF-8 (APPNOTE 4.4.4, bit 11).
_UTF8_NAME = 0x800

# Info-ZIP Unicode Path (APPNOTE 4.6.9): version, CRC-32 of the name in the header, name in UTF-8.
_UNICODE_PATH = 0x7075

# Characters of Japanese names: punctuation and kana, ideographs, and full-width and half-width forms.
_JAPANESE = ((0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xFF01, 0xFF9F))

# Two-byte hiragana and katakana. A single one is unlikely to result from Western bytes.
_KANA = ((0x3041, 0x30FF),)


def member_names(members: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Decode the names of the members of an archive.

    Names marked as UTF-8, and other names that are valid UTF-8, are decoded as UTF-8. The remaining names share one
    encoding, because one program wrote them: Shift-JIS (cp932) if that gives Japanese names, Windows-1252 if all
    special characters are letters in it, otherwise code page 437, the default of the standard.

    Args:
        members: as returned by `ZipFile.infolist`.

    Returns:
        A name for each member, with the path separators of the archive. Members whose names differ in the archive
        get different names.
    """
    raw = [_raw_name(member) for member in members]
    names = [_declared_name(member, name) for member, name in zip(members, raw, strict=True)]
    undeclared = [name for name, decoded in zip(raw, names, strict=True) if decoded is None]
    encoding = _guess_encoding(undeclared)
    used: dict[str, bytes] = {}
    texts = []
    for name, decoded in zip(raw, names, strict=True):
        text = name.decode(encoding) if decoded is None else decoded
        text = _unique_name(text, name, used)
        used[text] = name
        texts.append(text)
    return texts


def _raw_name(member: zipfile.ZipInfo) -> bytes:
    """The bytes of a name. zipfile decodes them as UTF-8 if the flag is set, otherwise as code page 437."""
    return member.orig_filename.encode("utf-8" if member.flag_bits & _UTF8_NAME else "cp437", "surrogatepass")


def _declared_name(member: zipfile.ZipInfo, raw: bytes) -> str | None:
    """A name that is stored in UTF-8; None if it has another encoding."""
    if member.flag_bits & _UTF8_NAME:
        return member.orig_filename
    return _unicode_path(member.extra, raw) or _decode_utf8(raw)


def _decode_utf8(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The UTF-8 name in the extra field that some programs add; None if there is none for this name."""
    while len(extra) >= 4:
        field_id, size = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if field_id == _UNICODE_PATH and len(field) > 5 and field[0] == 1:
            (checksum,) = struct.unpack_from("<L", field, 1)
            return _decode_utf8(field[5:]) if checksum == zlib.crc32(raw) else None
    return None


def _guess_encoding(names: Sequence[bytes]) -> str:
    """The encoding of names that are not UTF-8; every name is valid in it."""
    if names and all(map(_is_japanese, names)) and any(map(_has_japanese_run, names)):
        return "cp932"
    high = {byte for name in names for byte in name if byte >= 0x80}
    # From 0xC0 on, Windows-1252 has letters, and code page 437 has lines and symbols except for ß.
    if high and min(high) >= 0xC0 and high != {0xE1}:
        return "cp1252"
    return "cp437"


def _is_japanese(name: bytes) -> bool:
    """Whether a name is valid Shift-JIS in which all special characters are Japanese."""
    try:
        text = name.decode("cp932")
    except UnicodeDecodeError:
        return False
    return all(character.isascii() or _is_in_ranges(character, _JAPANESE) for character in text)


def _has_japanese_run(name: bytes) -> bool:
    """Whether a name has adjacent Japanese characters or any kana; a single ideograph may be chance."""
    text = name.decode("cp932")
    special = [not character.isascii() for character in text]
    adjacent = any(first and second for first, second in pairwise(special))
    return adjacent or any(_is_in_ranges(character, _KANA) for character in text)


def _is_in_ranges(character: str, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(first <= ord(character) <= last for first, last in ranges)


def _unique_name(text: str, raw: bytes, used: dict[str, bytes]) -> str:
    """The name, with a number appended if a member with a different raw name already has it."""
    if used.get(text, raw) == raw or text.endswith("/"):
        return text
    path, number = PurePosixPath(text), 2
    while f"{path.with_suffix('')} ({number}){path.suffix}" in used:
        number += 1
    return f"{path.with_suffix('')} ({number}){path.suffix}"
