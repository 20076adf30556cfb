"""Copies among files."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from fracture_core.errors import SecondLookError
from fracture_core.file_names import encode_name
from fracture_core.imaging import read_radiograph
from fracture_core.internal_errors import file_boundary
from fracture_core.jobs.parallel import map_in_order
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.near_duplicates.duplicate_groups import group_duplicates
from fracture_core.near_duplicates.fingerprint import ANGLES, RADII, compute_fingerprint
from fracture_core.near_duplicates.registration import REGISTRATION_SIDE


def comparison_image(path: Path) -> np.ndarray:
    """A file as a square picture to compare, float32 (SIDE, SIDE), 0–1; black where it cannot be read any more."""
    try:
        with file_boundary():
            pixels = np.ascontiguousarray(read_radiograph(path).pixels)
            return cv2.resize(pixels, (REGISTRATION_SIDE, REGISTRATION_SIDE), interpolation=cv2.INTER_AREA)
    except SecondLookError:
        return np.zeros((REGISTRATION_SIDE, REGISTRATION_SIDE), np.float32)


def find_duplicates(paths: Sequence[Path], progress: ProgressCallback | None = None) -> np.ndarray:
    """Groups image files that show the same picture.

    Args:
        paths: image files. One that cannot be read is like no other unless its bytes are equal.
        progress: called with (stage, files read, files).

    Returns:
        int (len(paths),), equal for the same picture.
    """

    def one(path: Path) -> tuple[bytes, np.ndarray]:
        unlike = encode_name(str(path)), np.zeros((RADII, ANGLES), np.int8)
        try:
            data = path.read_bytes()
        except OSError:
            return unlike
        try:
            with file_boundary():
                return hashlib.sha256(data).digest(), compute_fingerprint(read_radiograph(data).pixels)
        except SecondLookError:
            return unlike

    seen: dict[bytes, int] = {}
    same = np.zeros(len(paths), int)
    files: list[int] = []
    prints: list[np.ndarray] = []
    for index, (digest, rings) in enumerate(map_in_order(one, paths)):
        if digest not in seen:
            seen[digest] = len(files)
            files.append(index)
            prints.append(rings)
        same[index] = seen[digest]
        if progress:
            progress("Comparing images", index + 1, len(paths))
    if not files:
        return same
    return group_duplicates(np.stack(prints), lambda k: comparison_image(paths[files[k]]))[0][same]
