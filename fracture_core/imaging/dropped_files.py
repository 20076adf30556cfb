"""Files as they are dropped: films, or a zip of films that is opened in memory and never written to disk."""

import io
import stat
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath

from fracture_core.errors import ImageReadError
from fracture_core.internal_errors import InternalFileError, file_boundary
from fracture_core.io.zip_limits import (
    DAMAGED_ZIP_ERRORS,
    ENCRYPTED_FLAG,
    SUPPORTED_COMPRESSION,
    member_names,
)

#: Most files in one zip; most bytes of one of them and of all together, unpacked.
MAX_FILES, MAX_FILE_BYTES, MAX_TOTAL_BYTES = 500, 200 << 20, 512 << 20

_METHODS = (*SUPPORTED_COMPRESSION, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")  # the second begins an empty zip

# Office writes its documents as zips that begin with one of these.
_OFFICE = ("[Content_Types].xml", "mimetype")

# What systems and viewers put among films without its being one.
_CLUTTER = ("thumbs.db", "desktop.ini", "dicomdir", "autorun.inf")


@dataclass(frozen=True, eq=False)
class DroppedFile:
    """One file of a study as it arrived.

    Attributes:
        name: its path in the zip or the folder, for the user who dropped it.
        content: its bytes; empty where it could not be unpacked.
        error: the sentence why it could not be; empty where it could.
    """

    name: str
    content: bytes
    error: str = ""


def expand_dropped(name: str, content: bytes) -> list[DroppedFile]:
    """The files that a dropped file stands for: itself, those in a zip, or none where it is clutter.

    Args:
        name: as the user sees it, with the folders it lay in.
        content: its bytes.

    Returns:
        The files in order. A zip that is refused as a whole is one file with an error, so that it spoils no other.
    """
    if _is_clutter(name):
        return []
    if not _is_bundle(content):
        return [DroppedFile(name, content)]
    try:
        return _unzip(content)
    except ImageReadError as error:
        return [DroppedFile(name, b"", str(error))]


def _is_bundle(content: bytes) -> bool:
    if not content.startswith(_SIGNATURES):
        return False
    # The first name stands right behind the header of 30 bytes.
    return not content[30:60].startswith(tuple(name.encode() for name in _OFFICE))


def _is_clutter(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return "__MACOSX" in path.parts or path.name.startswith(".") or path.name.lower() in _CLUTTER


def _unzip(content: bytes) -> list[DroppedFile]:
    """The films in a zip.

    Raises:
        ImageReadError: it is damaged, encrypted, empty or holds too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            members = [
                (info, name)
                for info, name in zip(infos, member_names(infos), strict=True)
                if not name.endswith("/") and not _is_clutter(name)
            ]
            _check([info for info, _ in members])
            return [_member(archive, info, name) for info, name in members]
    except DAMAGED_ZIP_ERRORS as error:
        raise ImageReadError(
            "The zip archive is damaged or incomplete; expected one that can be unpacked: pack the films again."
        ) from error


def _check(members: list[zipfile.ZipInfo]) -> None:
    """Refuses an archive by what it announces; zipfile unpacks no byte more than is announced."""
    if not members:
        raise ImageReadError("The zip archive holds no files; expected films: pack them again.")
    if any(info.flag_bits & ENCRYPTED_FLAG for info in members):
        raise ImageReadError(
            "The zip archive is protected by a password; expected an open one: unpack it and drop the films."
        )
    if len(members) > MAX_FILES:
        raise ImageReadError(
            f"The zip archive holds {len(members):,} files; expected at most {MAX_FILES}: drop the films of one study."
        )
    size = sum(info.file_size for info in members)
    if size > MAX_TOTAL_BYTES:
        raise ImageReadError(
            f"The zip archive unpacks to {size >> 20:,} MB; expected at most {MAX_TOTAL_BYTES >> 20}: drop the films "
            f"in parts."
        )


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> DroppedFile:
    """One file of a zip. Its name is shown and never used as a path, so it may say what it likes."""
    name = "".join(letter if letter.isprintable() else "·" for letter in name)
    try:
        with file_boundary():
            return _unpacked_member(archive, info, name)
    except InternalFileError as error:
        return DroppedFile(name, b"", str(error))


def _unpacked_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> DroppedFile:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return DroppedFile(name, b"", "This is a link and no file; expected a film: pack the film itself.")
    if info.file_size > MAX_FILE_BYTES:
        return DroppedFile(
            name,
            b"",
            f"The file unpacks to {info.file_size >> 20:,} MB; expected at most {MAX_FILE_BYTES >> 20}: export it "
            f"smaller.",
        )
    if info.compress_type not in _METHODS:
        return DroppedFile(
            name,
            b"",
            "The file is packed by a method that cannot be read; expected a usual zip: pack it again.",
        )
    try:
        content = archive.read(info)
    except DAMAGED_ZIP_ERRORS:
        return DroppedFile(
            name, b"", "The file is damaged in its zip archive; expected a whole one: pack the film again."
        )
    if _is_bundle(content):
        return DroppedFile(
            name, b"", "This is a zip within a zip; expected a film: unpack it and drop the films."
        )
    return DroppedFile(name, content)
