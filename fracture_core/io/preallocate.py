"""Room on the disk, taken before it is needed."""

import errno
import os
import shutil
from pathlib import Path


def preallocate(path: Path, size: int) -> None:
    """Makes a file that long, or says at once that there is no room.

    What runs out of room in mid-write is not always told: a memory map, and HDF5 while it closes a file, end the
    process without a word.

    Args:
        path: the file; it is made, or made longer.
        size: bytes.

    Raises:
        OSError: there is no room, or the file cannot be written.
    """
    with path.open("ab") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        elif shutil.disk_usage(path.parent).free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
