"""Damaged and malicious zip archives, each made from a valid one."""

import io
import struct
import zipfile
from collections.abc import Callable


def _repack(content: bytes, method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", method) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return buffer.getvalue()


def bzip2(content: bytes) -> bytes:
    """A valid archive with bzip2 compression, whose decoder raises other exceptions."""
    return _repack(content, zipfile.ZIP_BZIP2)


def lzma(content: bytes) -> bytes:
    """A valid archive with LZMA compression, whose decoder raises other exceptions."""
    return _repack(content, zipfile.ZIP_LZMA)


def before_its_beginning(content: bytes) -> bytes:
    """The stated offset of the central directory is too large, so that members begin before the file."""
    at = content.rindex(b"PK\x05\x06") + 16
    (table,) = struct.unpack("<I", content[at : at + 4])
    return content[:at] + struct.pack("<I", table + 5) + content[at + 4 :]


def beyond_all_files(content: bytes) -> bytes:
    """The offset of every member is larger than any file."""
    end = content.rindex(b"PK\x05\x06")
    (start,) = struct.unpack("<I", content[end + 16 : end + 20])
    table, at = b"", start
    far = struct.pack("<HHQ", 1, 8, 2**64 - 1)
    while content[at : at + 4] == b"PK\x01\x02":
        name, extra, comment = struct.unpack("<3H", content[at + 28 : at + 34])
        head = content[at : at + 46]
        table += head[:30] + struct.pack("<HH", len(far), 0) + head[34:42] + b"\xff" * 4
        table += content[at + 46 : at + 46 + name] + far
        at += 46 + name + extra + comment
    return (
        content[:start]
        + table
        + content[end : end + 12]
        + struct.pack("<I", len(table))
        + content[end + 16 :]
    )


#: Damage that shows only when a member is opened.
DAMAGED: tuple[Callable[[bytes], bytes], ...] = (before_its_beginning, beyond_all_files)
METHODS: tuple[Callable[[bytes], bytes], ...] = (bzip2, lzma)
