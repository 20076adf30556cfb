"""What the disk says, in one sentence."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fracture_core.errors import DataError
from fracture_core.io.file_size import format_file_size

_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def data_disk_errors(path: Path) -> Iterator[None]:
    """Turns what the disk says while something is written to `path` into a `DataError`.

    Put around disk work alone: errors of the network are OSErrors too.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DataError(
                f"Expected room for {path}, but the disk is full: free some space and try again; what was "
                "fetched is kept."
            ) from error
        raise DataError(
            f"Expected to write {path}, but the disk said “{error.strerror}”: choose another folder."
        ) from error


def check_free_space(folder: Path, size: int) -> None:
    """Refuses what will not fit.

    Args:
        folder: an existing folder on the disk that is written to.
        size: bytes to come.

    Raises:
        DataError: there is less room.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise DataError(
            f"Expected {format_file_size(size)} of free disk for {folder}, but there are {format_file_size(free)}: "
            f"free some space or "
            "choose another disk."
        )
