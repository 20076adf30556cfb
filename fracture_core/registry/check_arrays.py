"""Files of arrays (.npz) from strangers: what they announce must be what they hold."""

import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from fracture_core.errors import ModelError
from fracture_core.io.zip_limits import DAMAGED_ZIP_ERRORS, ENCRYPTED_FLAG, SUPPORTED_COMPRESSION

_LARGEST = 256 << 20


def check_arrays(path: Path) -> None:
    """Refuses a file whose arrays announce more than is there, before anybody makes room for them.

    Args:
        path: the file.

    Raises:
        ModelError: it is damaged or too large, or an array holds objects or is not as large as it announces.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(info.file_size for info in members) > _LARGEST:
                raise ValueError("it is too large")
            for info in members:
                if info.flag_bits & ENCRYPTED_FLAG or info.compress_type not in SUPPORTED_COMPRESSION:
                    raise ValueError(f"{info.filename[:80]} is encrypted or packed by an unusual method")
                with archive.open(info) as file:
                    announced = _announced_bytes(file)
                    if announced != info.file_size - file.tell():
                        raise ValueError(f"{info.filename[:80]} is not as large as it says")
    except (*DAMAGED_ZIP_ERRORS, SyntaxError) as error:
        raise ModelError(
            f"Expected plain arrays in {path.name}, but it holds none ({error}): do not use this model."
        ) from error


def _announced_bytes(file: IO[bytes]) -> int:
    """Bytes that the header of an array announces."""
    major, _ = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
    shape, _, kind = read(file)
    if kind.hasobject:
        raise ValueError("an array of it holds objects")
    return math.prod(shape) * kind.itemsize
