"""Data sets that come as a zip: unpacked beside the runs, looked at, kept until somebody deletes them."""

import contextlib
import hashlib
import re
import shutil
import tempfile
import time
from pathlib import Path, PurePath
from typing import IO

from fracture_core.datasets.layouts import read_catalogue
from fracture_core.errors import DataError
from fracture_core.io.disk_space import disk_errors
from fracture_core.io.unzip import ArchiveLimits, unzip

_FOLDER = ".uploads"

#: Most megabytes (of 1,048,576 bytes) of the zip itself, as `server.maxUploadSize` has it for all uploads. A greater
#: set is unpacked by hand, for a browser sends it through memory.
MAX_UPLOAD_MB = 200

# What it may unpack to.
_LIMITS = ArchiveLimits(files=50_000, size=4_000_000_000)

_CHUNK = 1 << 20

# Hidden, so that what is under work is listed nowhere.
_UNPACKING, _DELETING = ".unpacking-", ".deleting-"

# Seconds after which nobody is at work on it any more: its process was killed.
_ABANDONED = 86_400


def add_uploaded(content: IO[bytes], name: str, root: Path) -> Path:
    """Unpacks a zip and keeps what is in it, if that is a data set.

    The set appears complete or not at all; the same zip is kept once.

    Args:
        content: the zip, read from its beginning.
        name: what its user calls it.
        root: where runs lie.

    Returns:
        The folder of the set.

    Raises:
        DataError: it is no zip, damaged, not safe to unpack, too large, or holds no data set that is understood; or
            the disk refuses.
    """
    folder = root / _FOLDER
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(folder)
        work = Path(tempfile.mkdtemp(prefix=_UNPACKING, dir=folder))
    try:
        archive = work / f"{_plain(name)}.zip"
        target = folder / f"{_plain(name)}-{_copy_content(content, archive)[:8]}"
        if target.is_dir():
            return target
        unzip(archive, work / "set", _LIMITS)
        _ = read_catalogue(work / "set")  # which says what is wrong with it
        with disk_errors(target):
            (work / "set").rename(target)
    except DataError as error:
        # The sentence is for a user who knows the zip, not where it was unpacked.
        raise DataError(str(error).replace(str(work / "set"), f"{_plain(name)}.zip")) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def uploaded_folders(root: Path) -> list[Path]:
    """The sets that are kept, the newest first."""
    found = [path for path in (root / _FOLDER).glob("[!.]*") if path.is_dir()]
    return sorted(found, key=lambda path: (-path.stat().st_mtime, path.name))


def is_used_by(data: str, folder: Path) -> bool:
    """Whether a training on `data` reads films of an uploaded set.

    Args:
        data: a folder, or a manifest such as a mended split.
        folder: the set.
    """
    path = Path(data)
    if path.is_relative_to(folder):
        return True
    try:
        # A manifest elsewhere names films by their whole path.
        return path.is_file() and f"{folder.resolve()}/" in path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def delete_uploaded(folder: Path, root: Path) -> None:
    """Deletes a set that was uploaded, and nothing else.

    Raises:
        DataError: it is none of them, or the disk refuses.
    """
    if folder not in uploaded_folders(root):
        raise DataError(f"Expected a set that was uploaded, but {folder} is none: it was not deleted.")
    # Renamed first: a set that is half deleted is no set.
    gone = folder.with_name(f"{_DELETING}{folder.name}")
    shutil.rmtree(gone, ignore_errors=True)  # the same zip, deleted before by a process that was killed
    with disk_errors(folder):
        folder.touch()  # its time as a rest counts from now
        folder.rename(gone)
        shutil.rmtree(gone)


def _remove_leftovers(folder: Path) -> None:
    """Deletes what killed processes left half unpacked or half deleted."""
    for path in (*folder.glob(f"{_UNPACKING}*"), *folder.glob(f"{_DELETING}*")):
        with contextlib.suppress(FileNotFoundError):  # another process was faster
            if time.time() - path.stat().st_mtime > _ABANDONED:
                shutil.rmtree(path, ignore_errors=True)


def _copy_content(content: IO[bytes], path: Path) -> str:
    """Writes what comes, and gives its SHA-256."""
    digest = hashlib.sha256()
    size = 0
    with disk_errors(path), path.open("xb") as file:
        while chunk := content.read(_CHUNK):
            size += len(chunk)
            if size > MAX_UPLOAD_MB << 20:
                raise DataError(
                    f"Expected a zip of at most {MAX_UPLOAD_MB} MB, but this one is larger: unpack it yourself and "
                    f"give the "
                    "folder."
                )
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _plain(name: str) -> str:
    """A name that is safe for a folder, from one that a stranger chose."""
    stem = PurePath(name.replace("\\", "/")).name.removesuffix(".zip")
    return re.sub(r"[^\w-]+", "_", stem).strip("_-")[:60] or "films"
