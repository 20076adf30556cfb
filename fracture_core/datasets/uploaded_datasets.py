"""Datasets uploaded as zip archives: unpacked below the runs folder and kept until they are deleted."""

import contextlib
import hashlib
import re
import shutil
import tempfile
import time
from pathlib import Path, PurePath
from typing import IO

from fracture_core.datasets.layouts import read_catalogue
from fracture_core.datasets.layouts.image_files import UPLOADS
from fracture_core.errors import DataError
from fracture_core.io.disk_space import disk_errors
from fracture_core.io.unzip import ArchiveLimits, unzip

#: Largest zip archive in MB (1,048,576 bytes), equal to `server.maxUploadSize`. Browsers hold uploads in memory, so
#: larger datasets are unpacked by hand.
MAX_UPLOAD_MB = 200

# Limits of the unpacked archive.
_LIMITS = ArchiveLimits(files=50_000, size=4_000_000_000)

_CHUNK = 1 << 20

# Prefixes of work folders; the dot hides them from listings.
_UNPACKING, _DELETING = ".unpacking-", ".deleting-"

# Age in seconds from which a work folder is a leftover of a killed process.
_LEFTOVER_AGE = 86_400


def add_uploaded(content: IO[bytes], name: str, root: Path) -> Path:
    """Unpack a zip archive that contains a dataset.

    The dataset is added atomically. An archive that was uploaded before is not unpacked again.

    Args:
        content: the zip archive, read from its beginning.
        name: file name given by the user.
        root: folder of the runs.

    Returns:
        Folder of the dataset.

    Raises:
        DataError: If the archive is damaged, unsafe or too large, contains no known dataset, or cannot be written.
    """
    folder = root / UPLOADS
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(folder)
        work = Path(tempfile.mkdtemp(prefix=_UNPACKING, dir=folder))
    try:
        archive = work / f"{_safe_name(name)}.zip"
        target = folder / f"{_safe_name(name)}-{_copy_content(content, archive)[:8]}"
        if target.is_dir():
            return target
        unzip(archive, work / "set", _LIMITS)
        read_catalogue(work / "set")  # raises if it is not a dataset
        with disk_errors(target):
            (work / "set").rename(target)
    except DataError as error:
        # The user knows the name of the archive, not the folder in which it was unpacked.
        raise DataError(str(error).replace(str(work / "set"), f"{_safe_name(name)}.zip")) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def uploaded_folders(root: Path) -> list[Path]:
    """List the folders of uploaded datasets, newest first."""
    folders = [path for path in (root / UPLOADS).glob("[!.]*") if path.is_dir()]
    return sorted(folders, key=lambda path: (-path.stat().st_mtime, path.name))


def is_used_by(data: str, folder: Path) -> bool:
    """Check whether a training reads images of an uploaded dataset.

    Args:
        data: data of the training: a folder, or a manifest such as a clean split.
        folder: folder of the uploaded dataset.
    """
    path = Path(data)
    if path.is_relative_to(folder):
        return True
    try:
        # A manifest outside the dataset contains absolute paths.
        return path.is_file() and f"{folder.resolve()}/" in path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def delete_uploaded(folder: Path, root: Path) -> None:
    """Delete an uploaded dataset.

    Raises:
        DataError: If the folder is not an uploaded dataset, or cannot be deleted.
    """
    if folder not in uploaded_folders(root):
        raise DataError(
            f"{folder} was not deleted, because it is not an uploaded dataset: choose an uploaded one."
        )
    # Renamed first, so that a partly deleted dataset is never listed.
    deleting = folder.with_name(f"{_DELETING}{folder.name}")
    shutil.rmtree(deleting, ignore_errors=True)  # leftover of the same archive
    with disk_errors(folder):
        folder.touch()  # the age of the work folder counts from now
        folder.rename(deleting)
        shutil.rmtree(deleting)


def _remove_leftovers(folder: Path) -> None:
    """Delete work folders of killed processes."""
    for path in (*folder.glob(f"{_UNPACKING}*"), *folder.glob(f"{_DELETING}*")):
        with contextlib.suppress(FileNotFoundError):  # deleted by another process
            if time.time() - path.stat().st_mtime > _LEFTOVER_AGE:
                shutil.rmtree(path, ignore_errors=True)


def _copy_content(content: IO[bytes], path: Path) -> str:
    """Write the content to a file and return its SHA-256."""
    digest = hashlib.sha256()
    size = 0
    with disk_errors(path), path.open("xb") as file:
        while chunk := content.read(_CHUNK):
            size += len(chunk)
            if size > MAX_UPLOAD_MB << 20:
                raise DataError(
                    f"The zip archive is larger than {MAX_UPLOAD_MB} MB: unpack it yourself and enter the folder."
                )
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _safe_name(name: str) -> str:
    """A folder name made from a file name of unknown origin."""
    stem = PurePath(name.replace("\\", "/")).name.removesuffix(".zip")
    return re.sub(r"[^\w-]+", "_", stem).strip("_-")[:60] or "films"
