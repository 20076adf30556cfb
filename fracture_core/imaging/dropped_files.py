"""Uploaded files: images, or zip archives that are opened in memory and never written to disk."""

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

#: Limits of one zip archive: number of files, and bytes per file and in total after extraction.
MAX_FILES, MAX_FILE_BYTES, MAX_TOTAL_BYTES = 500, 200 << 20, 512 << 20

_METHODS = (*SUPPORTED_COMPRESSION, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")  # the second one is that of an empty archive

# Office documents are zip archives that begin with one of these files.
_OFFICE = ("[Content_Types].xml", "mimetype")

# Files that operating systems and viewers add to folders of images.
_SYSTEM_FILES = ("thumbs.db", "desktop.ini", "dicomdir", "autorun.inf")


@dataclass(frozen=True, eq=False)
class DroppedFile:
    """One uploaded file of a study.

    Attributes:
        name: path in the zip archive or folder, shown to the user.
        content: the bytes; empty if the file could not be extracted.
        error: why the file could not be extracted; empty if it could.
    """

    name: str
    content: bytes
    error: str = ""


def expand_dropped(name: str, content: bytes) -> list[DroppedFile]:
    """Expand an uploaded file: zip archives to their files, system files to nothing.

    Args:
        name: name shown to the user, including folders.
        content: the bytes.

    Returns:
        The files in order. A rejected zip archive is returned as one file with an error, so that other uploads are
        not affected.

    Example:
        >>> [file.name for file in expand_dropped("hand.png", b"...")]
        ['hand.png']
    """
    if _is_system_file(name):
        return []
    if not _is_zip_archive(content):
        return [DroppedFile(name, content)]
    try:
        return _unzip(content)
    except ImageReadError as error:
        return [DroppedFile(name, b"", str(error))]


def _is_zip_archive(content: bytes) -> bool:
    if not content.startswith(_SIGNATURES):
        return False
    # The first name follows the local file header of 30 bytes.
    return not content[30:60].startswith(tuple(name.encode() for name in _OFFICE))


def _is_system_file(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return "__MACOSX" in path.parts or path.name.startswith(".") or path.name.lower() in _SYSTEM_FILES


def _unzip(content: bytes) -> list[DroppedFile]:
    """Extract the files of a zip archive.

    Raises:
        ImageReadError: the archive is damaged, encrypted, empty or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            members = [
                (info, name)
                for info, name in zip(infos, member_names(infos), strict=True)
                if not name.endswith("/") and not _is_system_file(name)
            ]
            _check_limits([info for info, _ in members])
            return [_extract(archive, info, name) for info, name in members]
    except DAMAGED_ZIP_ERRORS as error:
        raise ImageReadError("The zip archive is damaged or incomplete. Create it again.") from error


def _check_limits(members: list[zipfile.ZipInfo]) -> None:
    """Check the sizes in the archive's directory; zipfile never extracts more bytes than these."""
    if not members:
        raise ImageReadError("The zip archive contains no files. Create it again with the images.")
    if any(info.flag_bits & ENCRYPTED_FLAG for info in members):
        raise ImageReadError("The zip archive is protected by a password. Unpack it and upload the images.")
    if len(members) > MAX_FILES:
        raise ImageReadError(
            f"The zip archive contains {len(members):,} files; the limit is {MAX_FILES}. Upload one study."
        )
    size = sum(info.file_size for info in members)
    if size > MAX_TOTAL_BYTES:
        raise ImageReadError(
            f"The zip archive unpacks to {size >> 20:,} MB; the limit is {MAX_TOTAL_BYTES >> 20} MB. Upload fewer "
            "images at a time."
        )


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> DroppedFile:
    """Extract one file. Its name is only displayed and never used as a path."""
    name = "".join(letter if letter.isprintable() else "·" for letter in name)
    try:
        with file_boundary():
            return _extract_member(archive, info, name)
    except InternalFileError as error:
        return DroppedFile(name, b"", str(error))


def _extract_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> DroppedFile:
    file_type = stat.S_IFMT(info.external_attr >> 16)
    if file_type not in (0, stat.S_IFREG):
        return DroppedFile(name, b"", "This is a link, not a file. Add the image itself to the archive.")
    if info.file_size > MAX_FILE_BYTES:
        return DroppedFile(
            name,
            b"",
            f"The file unpacks to {info.file_size >> 20:,} MB; the limit is {MAX_FILE_BYTES >> 20} MB. Export a "
            "smaller image.",
        )
    if info.compress_type not in _METHODS:
        return DroppedFile(
            name,
            b"",
            "The file has an unsupported compression method. Create an ordinary zip archive.",
        )
    try:
        content = archive.read(info)
    except DAMAGED_ZIP_ERRORS:
        return DroppedFile(name, b"", "The file is damaged in its zip archive. Create the archive again.")
    if _is_zip_archive(content):
        return DroppedFile(
            name, b"", "This is a zip archive within a zip archive. Unpack it and upload the images."
        )
    return DroppedFile(name, content)
