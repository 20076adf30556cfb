"""Search for duplicates among image files."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fracture_core.errors import SecondLookError
from fracture_core.file_names import encode_name
from fracture_core.imaging import read_radiograph
from fracture_core.internal_errors import file_boundary
from fracture_core.jobs.parallel import map_in_order
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.near_duplicates.duplicate_groups import group_duplicates
from fracture_core.near_duplicates.fingerprint import ANGLES, RADII, compute_fingerprint
from fracture_core.near_duplicates.registration import REGISTRATION_SIDE


def comparison_image(path: Path) -> NDArray[np.float32]:
    """Read an image resized to a square for registration.

    Args:
        path: image file.

    Returns:
        float32 (REGISTRATION_SIDE, REGISTRATION_SIDE), 0–1; black if the file cannot be read any more.
    """
    try:
        with file_boundary():
            pixels = np.ascontiguousarray(read_radiograph(path).pixels)
            side = (REGISTRATION_SIDE, REGISTRATION_SIDE)
            return np.asarray(cv2.resize(pixels, side, interpolation=cv2.INTER_AREA), np.float32)
    except SecondLookError:
        return np.zeros((REGISTRATION_SIDE, REGISTRATION_SIDE), np.float32)


def find_duplicates(paths: Sequence[Path], progress: ProgressCallback | None = None) -> NDArray[np.int64]:
    """Group image files that show the same image.

    Args:
        paths: image files. An unreadable file is only grouped with files of the same bytes.
        progress: called with (stage, files read, total).

    Returns:
        int64 (len(paths),), equal for files that show the same image.

    Example:
        >>> find_duplicates([])
        array([], dtype=int64)
    """

    def fingerprint(path: Path) -> tuple[bytes, NDArray[np.int8]]:
        unreadable = encode_name(str(path)), np.zeros((RADII, ANGLES), np.int8)
        try:
            data = path.read_bytes()
        except OSError:
            return unreadable
        try:
            with file_boundary():
                return hashlib.sha256(data).digest(), compute_fingerprint(read_radiograph(data).pixels)
        except SecondLookError:
            return unreadable

    number_of: dict[bytes, int] = {}
    numbers = np.zeros(len(paths), np.int64)
    first_rows: list[int] = []
    fingerprints: list[NDArray[np.int8]] = []
    for index, (digest, rings) in enumerate(map_in_order(fingerprint, paths)):
        if digest not in number_of:
            number_of[digest] = len(first_rows)
            first_rows.append(index)
            fingerprints.append(rings)
        numbers[index] = number_of[digest]
        if progress:
            progress("Comparing images", index + 1, len(paths))
    if not first_rows:
        return numbers
    groups, _ = group_duplicates(np.stack(fingerprints), lambda k: comparison_image(paths[first_rows[k]]))
    return groups[numbers]
