"""What an audit has to know of each file, gathered in one look at it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fracture_core.data.audit.marks import count_marks, empty_frame
from fracture_core.data.copies.fingerprint import ANGLES, RADII, fingerprint
from fracture_core.data.parallel import in_order
from fracture_core.errors import SecondLookError
from fracture_core.imaging import Gate, GateState, Tones, check, read
from fracture_core.imaging.gate import BLACK, WHITE
from fracture_core.internal_errors import file_boundary


def _no_rings() -> np.ndarray:
    return np.zeros((RADII, ANGLES), np.int8)


@dataclass(frozen=True, eq=False)
class Facts:
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
        rings: its fingerprint, see `data.copies`.
    """

    digest: str
    size: int
    error: str = ""
    kind: str = ""
    width: int = 0
    height: int = 0
    truncated: bool = False
    gate: Gate = field(default_factory=lambda: Gate(GateState.REFUSE))
    brightness: float = 0.0
    contrast: float = 0.0
    black: float = 0.0
    white: float = 0.0
    frame: float = 0.0
    marks: int = 0
    rings: np.ndarray = field(default_factory=_no_rings, repr=False)

    @property
    def readable(self) -> bool:
        """Whether it could be read."""
        return not self.error


def look(path: Path, known: dict[str, Facts] | None = None) -> Facts:
    """Looks at one file. Never raises for what a file holds.

    Args:
        path: the file.
        known: facts by digest, so that equal files are decoded once; what is found is added.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        return Facts("", 0, f"The file cannot be opened ({error.strerror}).")
    digest = hashlib.sha256(data).hexdigest()
    if known is None:
        return _facts(data, digest)
    if digest not in known:
        known[digest] = _facts(data, digest)
    return known[digest]


def _facts(data: bytes, digest: str) -> Facts:
    try:
        with file_boundary():
            return _measured(data, digest)
    except SecondLookError as error:
        return Facts(digest, len(data), str(error))


def _measured(data: bytes, digest: str) -> Facts:
    film = read(data)
    tones = Tones.of(film.pixels, film.shuttered)
    return Facts(
        digest=digest,
        size=len(data),
        kind=film.kind,
        width=film.width,
        height=film.height,
        truncated=film.truncated,
        gate=check(film, tones),
        brightness=tones.mean,
        contrast=tones.spread,
        black=tones.share_below(BLACK),
        white=tones.share_above(WHITE),
        frame=empty_frame(tones.pixels),
        marks=count_marks(tones.pixels),
        rings=fingerprint(film.pixels),
    )


def look_at_all(paths: Sequence[Path], progress: Callable[[int, int], None] | None = None) -> list[Facts]:
    """Looks at many files, several at a time.

    Args:
        paths: the files.
        progress: called with (files done, files); what it raises ends the look.
    """
    found = []
    known: dict[str, Facts] = {}
    for facts in in_order(lambda path: look(path, known), paths):
        found.append(facts)
        if progress:
            progress(len(found), len(paths))
    return found
