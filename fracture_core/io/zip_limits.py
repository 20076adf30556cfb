"""What is known of zip archives from strangers, whatever they hold: limits, errors, and the encoding of names."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import PurePosixPath

#: The two ways to pack that everything writes; the others of zipfile raise errors of their own on damaged data.
SUPPORTED_COMPRESSION = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

#: Set in the flags of a member that needs a password.
ENCRYPTED_FLAG = 0x1

#: What zipfile raises on damaged or crafted archives: false offsets end in an error of `seek`, of several kinds.
DAMAGED_ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, OverflowError,
    LookupError, NotImplementedError,
)  # fmt: skip

#: Set in the flags of a member whose name is UTF-8 (APPNOTE 4.4.4, bit 11).
_UTF8_NAME = 0x800

#: Info-ZIP Unicode Path (APPNOTE 4.6.9): version, CRC-32 of the name in the header, name in UTF-8.
_UNICODE_PATH = 0x7075

# Characters of Japanese names: punctuation and kana, ideographs, and the wide and narrow forms.
_JAPANESE = ((0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xFF01, 0xFF9F))

# Hiragana and katakana of two bytes: a single one is no chance reading of Western bytes.
_KANA = ((0x3041, 0x30FF),)


def member_names(members: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Decode the names of the members of an archive.

    A name that says to be UTF-8 is; of the others those that are valid UTF-8 are read so. The rest share one
    encoding, for one program packed them: Shift-JIS (cp932) where that gives Japanese names, Windows-1252 where all
    special characters are letters there, otherwise the standard's code page 437.

    Args:
        members: as `ZipFile.infolist` gives them.

    Returns:
        A name for each member, with the separators that the archive has. Two members whose names differ in the
        archive have different names, too.
    """
    raw = [_raw_name(member) for member in members]
    names = [_declared_name(member, name) for member, name in zip(members, raw, strict=True)]
    open_names = [name for name, decoded in zip(raw, names, strict=True) if decoded is None]
    encoding = _encoding_of(open_names)
    taken: dict[str, bytes] = {}
    found = []
    for name, decoded in zip(raw, names, strict=True):
        text = name.decode(encoding) if decoded is None else decoded
        text = _free_name(text, name, taken)
        taken[text] = name
        found.append(text)
    return found


def _raw_name(member: zipfile.ZipInfo) -> bytes:
    """The bytes of a name. zipfile decodes them as UTF-8 where the flag says so, otherwise as code page 437."""
    return member.orig_filename.encode("utf-8" if member.flag_bits & _UTF8_NAME else "cp437", "surrogatepass")


def _declared_name(member: zipfile.ZipInfo, raw: bytes) -> str | None:
    """A name that the archive gives in UTF-8; None where it is in some other encoding."""
    if member.flag_bits & _UTF8_NAME:
        return member.orig_filename
    return _unicode_path(member.extra, raw) or _as_utf8(raw)


def _as_utf8(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The name in UTF-8 that some programs add; None where there is none that belongs to this name."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and len(field) > 5 and field[0] == 1:
            (checksum,) = struct.unpack_from("<L", field, 1)
            return _as_utf8(field[5:]) if checksum == zlib.crc32(raw) else None
    return None


def _encoding_of(names: Sequence[bytes]) -> str:
    """The encoding of names that are not UTF-8; all of them are valid in it."""
    if names and all(map(_is_japanese, names)) and any(map(_has_japanese_run, names)):
        return "cp932"
    high = {byte for name in names for byte in name if byte >= 0x80}
    # From 0xC0 on, Windows-1252 has letters and code page 437 lines and signs, except for ß.
    if high and min(high) >= 0xC0 and high != {0xE1}:
        return "cp1252"
    return "cp437"


def _is_japanese(name: bytes) -> bool:
    """Whether a name is valid Shift-JIS with no other special characters than Japanese ones."""
    try:
        text = name.decode("cp932")
    except UnicodeDecodeError:
        return False
    return all(character.isascii() or _lies_in(character, _JAPANESE) for character in text)


def _has_japanese_run(name: bytes) -> bool:
    """Whether Japanese characters follow one another, or kana stand alone: one ideograph may be chance."""
    text = name.decode("cp932")
    special = [not character.isascii() for character in text]
    in_a_row = any(one and other for one, other in pairwise(special))
    return in_a_row or any(_lies_in(character, _KANA) for character in text)


def _lies_in(character: str, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(first <= ord(character) <= last for first, last in ranges)


def _free_name(text: str, raw: bytes, taken: dict[str, bytes]) -> str:
    """The name, or the name with a number where another member with other bytes has it already."""
    if taken.get(text, raw) == raw or text.endswith("/"):
        return text
    path, number = PurePosixPath(text), 2
    while f"{path.with_suffix('')} ({number}){path.suffix}" in taken:
        number += 1
    return f"{path.with_suffix('')} ({number}){path.suffix}"
