"""Which files of a data set count as images, and where they lie."""

import contextlib
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePath

from fracture_core.file_names import unescape_name
from fracture_core.imaging.formats import is_dicom, raster_format

#: Name endings that are taken for images in a data set. Reading still goes by content.
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".bmp", ".webp", ".dcm", ".dicom", ".dic"}
)

# Scanners name files by UID (1.2.840.…), whose last number is no ending.
_NO_ENDING = re.compile(r"(\.\d+)?")

# As far as the prefix that tells DICOM.
_HEADER_BYTES = 132


def find_images(folder: Path) -> list[Path]:
    """Image files below a folder, sorted; hidden files and folders left out, links to folders not followed.

    A file without an ending is an image if its first bytes say so; other files are not opened. A folder that
    cannot be read holds none.
    """
    # Folder by folder in the order of names, on plain strings: sorting paths takes longer than reading the folders.
    return [Path(path) for path in _below(str(folder))]


def _below(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            if not entry.name.startswith("__MACOSX"):
                yield from _below(entry.path)
        elif _has_ending(entry.name) and not _named_as_image(entry.name):
            continue
        elif (entry.is_file(follow_symlinks=False) and _has_ending(entry.name)) or _is_image(
            Path(entry.path)
        ):
            yield entry.path


def _is_image(path: Path) -> bool:
    if _has_ending(path.name):
        return _named_as_image(path.name) and path.is_file()
    # A DICOMDIR is a list of films, not one.
    if path.name.upper() == "DICOMDIR" or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER_BYTES)
    except OSError:  # not ours to read, so nothing tells that it is an image
        return False
    return is_dicom(head) or raster_format(head) is not None


def _named_as_image(name: str) -> bool:
    return PurePath(name).suffix.lower() in SUFFIXES


def _has_ending(name: str) -> bool:
    return not _NO_ENDING.fullmatch(PurePath(name).suffix)


def file_stem(name: str) -> str:
    """A file's name without folder and ending; a table may name `X.png` where `X.dcm` lies."""
    last = re.split(r"[/\\]", name)[-1]
    ending = Path(last).suffix
    return last[: -len(ending)] if ending.lower() in SUFFIXES else last


def _spellings(name: str) -> Iterator[str]:
    """A path as a table gives it and as the file may be called, the most literal first."""
    seen = set()
    for text in (name, unescape_name(name), name.strip()):
        for path in (text, text.replace("\\", "/")):
            for spelling in (path, *_encodings(path)):
                if spelling not in seen:
                    seen.add(spelling)
                    yield spelling


def _encodings(name: str) -> Iterator[str]:
    """The name with accents composed or apart, and as a file system without UTF-8 holds it."""
    if name.isascii():
        return
    for form in ("NFC", "NFD"):
        yield unicodedata.normalize(form, name)
    with contextlib.suppress(UnicodeEncodeError):
        yield os.fsdecode(name.encode("cp1252"))


class ImageFinder:
    """Finds the files that a table names, whatever their ending."""

    def __init__(self) -> None:
        self._folders: dict[Path, dict[str, Path]] = {}

    def in_folder(self, folder: Path, name: str) -> Path | None:
        """Find a file by the path that a table gives, in whatever way it was written.

        Args:
            folder: the folder of the table.
            name: a path below it, or an absolute one. It may have the backslashes of Windows, be escaped by
                `escape_name`, or differ from the file's name in its encoding or in the composition of accents.

        Returns:
            The file, or the image beside it that differs in its ending only; None without either.
        """
        # Only the text is tidied up: a link in the path stays one.
        paths = [Path(os.path.normpath(folder / spelling)) for spelling in _spellings(name)]
        for path in paths:
            with contextlib.suppress(OSError, ValueError):  # a name that no file can have
                if path.is_file():
                    return path
        return next((found for found in map(self, paths) if found is not None), None)

    def __call__(self, path: Path) -> Path | None:
        """The file itself, or else the image beside it that differs in its ending only; None without either."""
        try:
            if path.is_file():
                return path
            if path.parent not in self._folders:
                beside = path.parent.iterdir() if path.parent.is_dir() else ()
                self._folders[path.parent] = {
                    file_stem(other.name): other for other in beside if _is_image(other)
                }
        except (OSError, ValueError):  # a name that no file can have
            return None
        return self._folders[path.parent].get(file_stem(path.name))
