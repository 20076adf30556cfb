"""Image files of a dataset: search, file names and rotated copies."""

import contextlib
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePath

from fracture_core.file_names import unescape_name
from fracture_core.imaging.formats import is_dicom, raster_format

#: File name extensions of images. The format of a file is detected from its content.
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".bmp", ".webp", ".dcm", ".dicom", ".dic"}
)

# Scanners name files by UID (1.2.840.…); its last number is not an extension.
_NO_EXTENSION = re.compile(r"(\.\d+)?")

# DICOM PS3.10, 7.1: a preamble of 128 bytes, then "DICM".
_HEADER_BYTES = 132

# Each rotation appends a suffix; some copies were copied again: `12-rotated1 - Copy (1).jpg`.
_ROTATED = re.compile(r"(-rotated\d+)+")


def find_images(folder: Path) -> list[Path]:
    """Find the image files below a folder.

    A file without an extension is an image if its first bytes are those of a known format. Hidden files and
    folders, symbolic links to folders, and unreadable folders are skipped.

    Returns:
        Paths, sorted folder by folder.
    """
    return list(iterate_images(folder))


def iterate_images(folder: Path) -> Iterator[Path]:
    """Like `find_images`, one path at a time."""
    # Sorted as plain strings per folder, because sorting paths would take longer than reading the folders.
    yield from (Path(path) for path in _images_below(str(folder)))


def _images_below(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            if not entry.name.startswith("__MACOSX"):
                yield from _images_below(entry.path)
        elif _has_extension(entry.name) and not _has_image_extension(entry.name):
            continue
        elif (entry.is_file(follow_symlinks=False) and _has_extension(entry.name)) or _is_image(
            Path(entry.path)
        ):
            yield entry.path


def _is_image(path: Path) -> bool:
    if _has_extension(path.name):
        return _has_image_extension(path.name) and path.is_file()
    # A DICOMDIR is an index of images.
    if path.name.upper() == "DICOMDIR" or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError:
        return False
    return is_dicom(header) or raster_format(header) is not None


def _has_image_extension(name: str) -> bool:
    return PurePath(name).suffix.lower() in SUFFIXES


def _has_extension(name: str) -> bool:
    return not _NO_EXTENSION.fullmatch(PurePath(name).suffix)


def file_stem(name: str) -> str:
    """Remove folders and image extension from a name, because a table may list `X.png` for the file `X.dcm`.

    Example:
        >>> file_stem("images/Fractured/IMG0000019.jpg"), file_stem("1.2.840.10008")
        ('IMG0000019', '1.2.840.10008')
    """
    last = re.split(r"[/\\]", name)[-1]
    extension = Path(last).suffix
    return last[: -len(extension)] if extension.lower() in SUFFIXES else last


def original_stem(path: Path) -> str:
    """Return the stem of the image of which a file is a rotated copy; the file's own stem if it is not a copy."""
    return _ROTATED.sub("", path.stem)


def is_rotated_copy(path: Path) -> bool:
    """Whether a file name marks a rotated copy, such as `12-rotated1-rotated2.jpg`."""
    return _ROTATED.search(path.stem) is not None


def _spellings(name: str) -> Iterator[str]:
    """Possible spellings of a path in a table, the most literal first."""
    seen = set()
    for text in (name, unescape_name(name), name.strip()):
        for path in (text, text.replace("\\", "/")):
            for spelling in (path, *_encodings(path)):
                if spelling not in seen:
                    seen.add(spelling)
                    yield spelling


def _encodings(name: str) -> Iterator[str]:
    """The name with composed and decomposed accents, and as a file system without UTF-8 stores it."""
    if name.isascii():
        return
    for form in ("NFC", "NFD"):
        yield unicodedata.normalize(form, name)
    with contextlib.suppress(UnicodeEncodeError):
        yield os.fsdecode(name.encode("cp1252"))


#: Folder of uploaded datasets below the folder of the runs.
UPLOADS = ".uploads"


def upload_of(path: Path) -> Path | None:
    """Return the uploaded dataset that a path belongs to; None for other paths.

    Example:
        >>> upload_of(Path("runs/.uploads/wrists-1a2b3c4d/images")).as_posix()
        'runs/.uploads/wrists-1a2b3c4d'
    """
    folders = (path, *path.parents)
    return next((folder for folder in folders if folder.parent.name == UPLOADS), None)


class ImageFinder:
    """Finds the image files that a table names, with any extension."""

    def __init__(self) -> None:
        self._folders: dict[Path, dict[str, Path]] = {}

    def in_folder(self, folder: Path, name: str) -> Path | None:
        """Find a file by its path in a table.

        Args:
            folder: folder of the table.
            name: relative or absolute path. It may contain Windows backslashes or escapes of `escape_name`, and
                its encoding and accents may differ from the file name.

        Returns:
            The file, or an image that differs only in its extension; None if there is neither. Of an uploaded
            dataset, only files inside it are found.
        """
        # Normalised as text, so that symbolic links are not resolved.
        paths = [Path(os.path.normpath(folder / spelling)) for spelling in _spellings(name)]
        upload = upload_of(folder)
        if upload is not None:
            paths = [path for path in paths if path.is_relative_to(upload)]
        for path in paths:
            with contextlib.suppress(OSError, ValueError):  # impossible file name
                if path.is_file():
                    return path
        return next((image for image in map(self, paths) if image is not None), None)

    def __call__(self, path: Path) -> Path | None:
        """Find a file, or an image in the same folder that differs only in its extension; None without either."""
        try:
            if path.is_file():
                return path
            if path.parent not in self._folders:
                siblings = path.parent.iterdir() if path.parent.is_dir() else ()
                self._folders[path.parent] = {
                    file_stem(sibling.name): sibling for sibling in siblings if _is_image(sibling)
                }
        except (OSError, ValueError):  # impossible file name
            return None
        return self._folders[path.parent].get(file_stem(path.name))
