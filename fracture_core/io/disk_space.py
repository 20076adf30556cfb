"""Disk space: checked and reserved before writing, and an error message when it runs out."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fracture_core.errors import DataError, SecondLookError
from fracture_core.io.file_size import format_file_size

#: How messages name the folder of temporary files.
TEMPORARY_FOLDER = "the temporary folder"

_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def disk_errors(place: Path | str, error_type: type[SecondLookError] = DataError) -> Iterator[None]:
    """Convert an `OSError` of the body into an error message for the user.

    Use it around disk access only: network errors are `OSError`s too.

    Args:
        place: the file or folder that is written.
        error_type: the class of the error raised instead.

    Raises:
        SecondLookError: of the class `error_type`; the file cannot be written.

    Example:
        >>> with disk_errors("data.csv"):
        ...     raise OSError(errno.ENOSPC, "No space left on device")
        Traceback (most recent call last):
        ...
        fracture_core.errors.DataError: Could not write to data.csv: the disk is full. Free some space and try again.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise error_type(
                f"Could not write to {place}: the disk is full. Free some space and try again."
            ) from error
        raise error_type(
            f"Could not write to {place}: {error.strerror or error}. Choose another folder."
        ) from error


def check_free_space(folder: Path, size: int) -> None:
    """Check that the disk has room for new files.

    Args:
        folder: an existing folder on the disk.
        size: bytes that will be written.

    Raises:
        DataError: less space is free.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise DataError(
            f"{folder} needs {format_file_size(size)} of free disk space, but only {format_file_size(free)} are free. "
            "Free some space or choose another disk."
        )


def preallocate(path: Path, size: int) -> None:
    """Reserve disk space for a file before it is written.

    Running out of space later is not always reported: a memory map, or HDF5 while it closes a file, then ends the
    process without an error message.

    Args:
        path: the file; it is created, or extended.
        size: bytes.

    Raises:
        OSError: there is not enough space, or the file cannot be written.
    """
    with path.open("ab") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        elif shutil.disk_usage(path.parent).free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
