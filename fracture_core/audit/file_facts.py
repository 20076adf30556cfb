"""Facts about each file, measured in one pass: digest, size, grey levels, quality and fingerprint."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fracture_core.audit.film_markers import count_markers, empty_frame_share
from fracture_core.errors import SecondLookError
from fracture_core.imaging import GreyHistogram, QualityCheck, QualityState, check_quality, read_radiograph
from fracture_core.imaging.quality import BLACK, WHITE
from fracture_core.internal_errors import file_boundary
from fracture_core.jobs.parallel import map_in_order
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.near_duplicates.fingerprint import ANGLES, RADII, compute_fingerprint


def _empty_fingerprint() -> NDArray[np.int8]:
    return np.zeros((RADII, ANGLES), np.int8)


@dataclass(frozen=True, eq=False)
class FileFacts:
    """Facts about one file.

    Attributes:
        digest: SHA-256 of its bytes, hexadecimal; "" if the file could not be opened.
        size: file size in bytes.
        error: why the file cannot be read as a radiograph; "" if it can. If set, the attributes below keep
            their defaults.
        kind: file type, such as "JPEG".
        width: number of columns.
        height: number of rows.
        truncated: whether the file ends before the image is complete.
        quality: result of the quality check.
        brightness: mean grey level, 0–1.
        contrast: standard deviation of the grey levels, 0–1.
        black: share of black pixels, 0–1.
        white: share of white pixels, 0–1.
        empty_frame_share: share of the image taken by an empty frame around the exposed field, 0–1.
        marker_count: number of letters and markers found.
        fingerprint: int8 (RADII, ANGLES), see `near_duplicates.compute_fingerprint`.
    """

    digest: str
    size: int
    error: str = ""
    kind: str = ""
    width: int = 0
    height: int = 0
    truncated: bool = False
    quality: QualityCheck = field(default_factory=lambda: QualityCheck(QualityState.REFUSE))
    brightness: float = 0.0
    contrast: float = 0.0
    black: float = 0.0
    white: float = 0.0
    empty_frame_share: float = 0.0
    marker_count: int = 0
    fingerprint: NDArray[np.int8] = field(default_factory=_empty_fingerprint, repr=False)

    @property
    def readable(self) -> bool:
        """Whether the file could be read as a radiograph."""
        return not self.error


def inspect_file(path: Path, known: dict[str, FileFacts] | None = None) -> FileFacts:
    """Measure the facts of one file. If it is unreadable, `error` states why; no exception is raised.

    Args:
        path: the file.
        known: facts by digest, so that identical files are decoded once. New facts are added to it.

    Returns:
        The facts.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        return FileFacts("", 0, f"The file cannot be opened ({error.strerror}).")
    digest = hashlib.sha256(data).hexdigest()
    if known is None:
        return _inspect_content(data, digest)
    if digest not in known:
        known[digest] = _inspect_content(data, digest)
    return known[digest]


def _inspect_content(data: bytes, digest: str) -> FileFacts:
    try:
        with file_boundary():
            return _measure(data, digest)
    except SecondLookError as error:
        return FileFacts(digest, len(data), str(error))


def _measure(data: bytes, digest: str) -> FileFacts:
    image = read_radiograph(data)
    histogram = GreyHistogram.of(image.pixels, image.shuttered)
    return FileFacts(
        digest=digest,
        size=len(data),
        kind=image.kind,
        width=image.width,
        height=image.height,
        truncated=image.truncated,
        quality=check_quality(image, histogram),
        brightness=histogram.mean,
        contrast=histogram.standard_deviation,
        black=histogram.share_below(BLACK),
        white=histogram.share_above(WHITE),
        empty_frame_share=empty_frame_share(histogram.pixels),
        marker_count=count_markers(histogram.pixels),
        fingerprint=compute_fingerprint(image.pixels),
    )


def inspect_files(paths: Sequence[Path], progress: ProgressCallback | None = None) -> list[FileFacts]:
    """Measure the facts of many files in parallel.

    Args:
        paths: the files.
        progress: called with (stage, files done, total). An exception raised by it ends the function.

    Returns:
        The facts, in the order of the paths.
    """
    measured = []
    known: dict[str, FileFacts] = {}
    for facts in map_in_order(lambda path: inspect_file(path, known), paths):
        measured.append(facts)
        if progress:
            progress("Reading files", len(measured), len(paths))
    return measured
