"""Checks untrusted .npz files: the declared size of each array must match its data."""

import math
import tokenize
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from fracture_core.errors import ModelError
from fracture_core.io.zip_limits import DAMAGED_ZIP_ERRORS, ENCRYPTED_FLAG, SUPPORTED_COMPRESSION

_MAX_BYTES = 256 << 20

# Most values in an array; an array of empty texts needs no bytes in the file, but memory once it is used.
_MAX_VALUES = 64 << 20
# Numbers, booleans and text.
_KINDS = frozenset("biufU")


def check_arrays(path: Path) -> None:
    """Check that the arrays of a file have their declared size, before memory is allocated for them.

    Args:
        path: The .npz file.

    Raises:
        ModelError: The file is damaged or too large, or an array contains objects or does not have its declared size.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(info.file_size for info in members) > _MAX_BYTES:
                raise ValueError("it is too large")
            for info in members:
                if info.flag_bits & ENCRYPTED_FLAG or info.compress_type not in SUPPORTED_COMPRESSION:
                    raise ValueError(
                        f"{info.filename[:80]} is encrypted or compressed by an unsupported method"
                    )
                with archive.open(info) as file:
                    declared = _declared_bytes(file)
                    if declared != info.file_size - file.tell():
                        raise ValueError(f"{info.filename[:80]} does not have its declared size")
    except (
        *DAMAGED_ZIP_ERRORS,
        SyntaxError,
        TypeError,
        tokenize.TokenError,
        RecursionError,
        MemoryError,
    ) as error:
        raise ModelError(
            f"{path.name} is not a valid file of arrays ({error}): do not use this model."
        ) from error


def _declared_bytes(file: IO[bytes]) -> int:
    """Size of an array in bytes, as declared in its header."""
    major, _ = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("an array contains objects")
    if dtype.kind not in _KINDS or dtype.itemsize == 0:
        raise ValueError("an array contains neither numbers nor text")
    if math.prod(shape) > _MAX_VALUES:
        raise ValueError("an array has too many values")
    return math.prod(shape) * int(dtype.itemsize)
