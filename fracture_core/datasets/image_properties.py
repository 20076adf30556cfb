"""Resolution, brightness and contrast of films, measured once and remembered.

The definitions are those of the audit: `imaging.GreyHistogram` tells both their mean and their spread.
"""

import contextlib
import hashlib
import json
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path

import pandas as pd

from fracture_core.errors import SecondLookError
from fracture_core.file_names import encode_name, resolve_name
from fracture_core.imaging import GreyHistogram, read_radiograph
from fracture_core.internal_errors import file_boundary
from fracture_core.io.atomic_write import write_atomically
from fracture_core.jobs.parallel import map_in_order
from fracture_core.jobs.progress import ProgressCallback

#: Names of the columns: pixels, then grey levels 0–1.
IMAGE_PROPERTY_COLUMNS = ("longer_side", "brightness", "contrast")

# A film as measured: None where it cannot be read.
_Numbers = list[float | None]

# After so many films what was measured is written down.
_EVERY = 200


def measure_image_properties(
    films: Mapping[str, Path], cache: Path, progress: ProgressCallback | None = None
) -> pd.DataFrame:
    """Looks at films, several at a time.

    Args:
        films: image files by case id; their names may be escaped by `escape_name`.
        cache: folder in which numbers are kept, by path, size and time of the file.
        progress: called with (stage, images done, images); an exception it raises ends the measurement.

    Returns:
        `IMAGE_PROPERTY_COLUMNS` by case id; missing values where a film cannot be read.
    """
    known = _PropertyCache(cache, films)
    found: list[_Numbers] = []
    for key, numbers in map_in_order(known.of, list(films.values())):
        found.append(numbers)
        if None not in numbers:  # what could not be read today may be read tomorrow
            known.numbers[key] = numbers
        if len(found) % _EVERY == 0:
            known.save()
        if progress:
            progress("Measuring images", len(found), len(films))
    known.save()
    index = pd.Index(list(films), name="id", dtype=object)
    return pd.DataFrame(found, index=index, columns=list(IMAGE_PROPERTY_COLUMNS), dtype="float64")


class _PropertyCache:
    """The numbers of films that were measured before, in one file for each set of films."""

    def __init__(self, cache: Path, films: Mapping[str, Path]):
        name = hashlib.sha256(encode_name("\n".join(map(str, films.values())))).hexdigest()[:32]
        self._path = cache / f"{name}.films.json"
        self.numbers: dict[str, _Numbers] = {}
        # A file that is missing or damaged costs a look at the films, nothing else.
        with contextlib.suppress(OSError, ValueError, TypeError):
            self.numbers = dict(json.loads(self._path.read_text(encoding="utf-8")))

    def of(self, path: Path) -> tuple[str, _Numbers]:
        """The key of a film and its numbers, remembered or measured."""
        nothing: _Numbers = [None] * len(IMAGE_PROPERTY_COLUMNS)
        path = resolve_name(path)
        try:
            stat = path.stat()
        except OSError:
            return str(path), nothing
        key = f"{path} {stat.st_size} {stat.st_mtime_ns}"
        if key in self.numbers:
            return key, self.numbers[key]
        try:
            with file_boundary():
                film = read_radiograph(path)
                tones = GreyHistogram.of(film.pixels, film.shuttered)
                return key, [float(max(film.width, film.height)), tones.mean, tones.standard_deviation]
        except SecondLookError:
            return key, nothing

    def save(self) -> None:
        """Writes them down; a full disk costs another look at the films, nothing else."""
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, json.dumps(self.numbers))


class BackgroundMeasurement:
    """Films being looked at in a thread of the app.

    Args:
        films: image files by case id.
        cache: see `measure_image_properties`.

    Attributes:
        done: films looked at.
        total: number of images.
    """

    def __init__(self, films: Mapping[str, Path], cache: Path):
        self.done, self.total = 0, len(films)
        self._found: Future[pd.DataFrame] = Future()
        self._thread = threading.Thread(
            target=self._work, args=(films, cache), name="measures films", daemon=True
        )
        self._thread.start()

    @property
    def table(self) -> pd.DataFrame | None:
        """What was found; None until all are done. A fault of the work is raised here, where it is seen."""
        return self._found.result() if self._found.done() else None

    @property
    def is_running(self) -> bool:
        """Whether films are still being looked at."""
        return not self._found.done()

    def wait(self, seconds: float) -> None:
        """Returns when all films are done, or after a while."""
        self._thread.join(seconds)

    def _work(self, films: Mapping[str, Path], cache: Path) -> None:
        try:
            self._found.set_result(measure_image_properties(films, cache, self._update))
        except BaseException as fault:
            self._found.set_exception(fault)
            raise

    def _update(self, _stage: str, done: int, _total: int) -> None:
        self.done = done
