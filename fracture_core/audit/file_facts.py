"""What an audit has to know of each file, gathered in one look at it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fracture_core.audit.film_markers import count_markers, empty_frame_share
from fracture_core.errors import SecondLookError
from fracture_core.imaging import GreyHistogram, QualityCheck, QualityState, check_quality, read_radiograph
from fracture_core.imaging.quality import BLACK, WHITE
from fracture_core.internal_errors import file_boundary
from fracture_core.jobs.parallel import map_in_order
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.near_duplicates.fingerprint import ANGLES, RADII, compute_fingerprint


def _empty_fingerprint() -> np.ndarray:
    return np.zeros((RADII, ANGLES), np.int8)


@dataclass(frozen=True, eq=False)
class FileFacts:
    """One file.

    Attributes:
        digest: SHA-256 of its bytes; empty where they could not be read.
        size: bytes.
        error: why it is no readable radiograph, a sentence; empty where it is one. What follows is then empty.
        kind: what it is, such as "JPEG".
        width: columns.
        height: rows.
        truncated: whether the file breaks off.
        gate: whether it can be judged.
        brightness: mean grey level, 0–1.
        contrast: standard deviation of the grey levels.
        black: share of black pixels.
        white: share of white pixels.
        frame: share of the film taken by an empty frame around the exposed field.
        marks: letters and markers, as many as are seen.
        rings: its fingerprint, see `near_duplicates`.
    """

    digest: str
    size: int
    error: str = ""
    kind: str = ""
    width: int = 0
    height: int = 0
    truncated: bool = False
    gate: QualityCheck = field(default_factory=lambda: QualityCheck(QualityState.REFUSE))
    brightness: float = 0.0
    contrast: float = 0.0
    black: float = 0.0
    white: float = 0.0
    frame: float = 0.0
    marks: int = 0
    rings: np.ndarray = field(default_factory=_empty_fingerprint, repr=False)

    @property
    def readable(self) -> bool:
        """Whether it could be read."""
        return not self.error


def inspect_file(path: Path, known: dict[str, FileFacts] | None = None) -> FileFacts:
    """Looks at one file. Never raises for what a file holds.

    Args:
        path: the file.
        known: facts by digest, so that equal files are decoded once; what is found is added.
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
            return _measured(data, digest)
    except SecondLookError as error:
        return FileFacts(digest, len(data), str(error))


def _measured(data: bytes, digest: str) -> FileFacts:
    film = read_radiograph(data)
    tones = GreyHistogram.of(film.pixels, film.shuttered)
    return FileFacts(
        digest=digest,
        size=len(data),
        kind=film.kind,
        width=film.width,
        height=film.height,
        truncated=film.truncated,
        gate=check_quality(film, tones),
        brightness=tones.mean,
        contrast=tones.standard_deviation,
        black=tones.share_below(BLACK),
        white=tones.share_above(WHITE),
        frame=empty_frame_share(tones.pixels),
        marks=count_markers(tones.pixels),
        rings=compute_fingerprint(film.pixels),
    )


def inspect_files(paths: Sequence[Path], progress: ProgressCallback | None = None) -> list[FileFacts]:
    """Looks at many files, several at a time.

    Args:
        paths: the files.
        progress: called with (stage, files done, files); an exception it raises ends the reading.
    """
    found = []
    known: dict[str, FileFacts] = {}
    for facts in map_in_order(lambda path: inspect_file(path, known), paths):
        found.append(facts)
        if progress:
            progress("Reading images", len(found), len(paths))
    return found
