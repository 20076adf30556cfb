"""Resolution, brightness and contrast of images, measured once and cached.

Brightness and contrast are mean and standard deviation of `imaging.GreyHistogram`, as in the audit.
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
from fracture_core.io.json_record import parse_json
from fracture_core.jobs.parallel import map_in_order
from fracture_core.jobs.progress import ProgressCallback

#: Columns: longer side in pixels, then mean and standard deviation of the grey values, 0–1.
IMAGE_PROPERTY_COLUMNS = ("longer_side", "brightness", "contrast")

# Values of `IMAGE_PROPERTY_COLUMNS`; None for an unreadable image.
_Values = list[float | None]

# Number of images after which the cache is saved.
_SAVE_INTERVAL = 200


def measure_image_properties(
    images: Mapping[str, Path], cache: Path, progress: ProgressCallback | None = None
) -> pd.DataFrame:
    """Measure images in parallel.

    Args:
        images: image files by case id; names may be escaped by `escape_name`.
        cache: folder of the cache, whose keys are path, size and modification time.
        progress: called with (stage, measured images, all images). An exception it raises ends the measurement.

    Returns:
        A table with `IMAGE_PROPERTY_COLUMNS`, indexed by case id; missing values for unreadable images.
    """
    properties = _PropertyCache(cache, images)
    rows: list[_Values] = []
    for key, values in map_in_order(properties.measure, list(images.values())):
        rows.append(values)
        if None not in values:  # unreadable images are tried again next time
            properties.values[key] = values
        if len(rows) % _SAVE_INTERVAL == 0:
            properties.save()
        if progress:
            progress("Measuring images", len(rows), len(images))
    properties.save()
    index = pd.Index(list(images), name="id", dtype=object)
    return pd.DataFrame(rows, index=index, columns=list(IMAGE_PROPERTY_COLUMNS), dtype="float64")


class _PropertyCache:
    """Cached values in one file per list of images."""

    def __init__(self, cache: Path, images: Mapping[str, Path]):
        name = hashlib.sha256(encode_name("\n".join(map(str, images.values())))).hexdigest()[:32]
        self._path = cache / f"{name}.films.json"
        self.values: dict[str, _Values] = {}
        # With a missing or damaged file, all images are measured again.
        with contextlib.suppress(OSError, ValueError, TypeError):
            self.values = dict(parse_json(self._path.read_text(encoding="utf-8")))

    def measure(self, path: Path) -> tuple[str, _Values]:
        """Cache key and values of an image, cached or measured."""
        unreadable: _Values = [None] * len(IMAGE_PROPERTY_COLUMNS)
        path = resolve_name(path)
        try:
            stat = path.stat()
        except OSError:
            return str(path), unreadable
        key = f"{path} {stat.st_size} {stat.st_mtime_ns}"
        if key in self.values:
            return key, self.values[key]
        try:
            with file_boundary():
                radiograph = read_radiograph(path)
                histogram = GreyHistogram.of(radiograph.pixels, radiograph.shuttered)
                longer_side = float(max(radiograph.width, radiograph.height))
                return key, [longer_side, histogram.mean, histogram.standard_deviation]
        except SecondLookError:
            return key, unreadable

    def save(self) -> None:
        """Write the cache; on a full disk, images are measured again next time."""
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, json.dumps(self.values))


class BackgroundMeasurement:
    """A measurement of image properties in a background thread.

    Args:
        images: image files by case id.
        cache: see `measure_image_properties`.

    Attributes:
        done: number of measured images.
        every: number of all images.
    """

    def __init__(self, images: Mapping[str, Path], cache: Path):
        self.done, self.every = 0, len(images)
        self._result: Future[pd.DataFrame] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(images, cache), name="image properties", daemon=True
        )
        self._thread.start()

    @property
    def table(self) -> pd.DataFrame | None:
        """The result, or None while running. Raises the exception with which the thread ended, if any."""
        return self._result.result() if self._result.done() else None

    @property
    def is_running(self) -> bool:
        """Whether the measurement is running."""
        return not self._result.done()

    def wait(self, seconds: float) -> None:
        """Wait until the measurement has ended, at most the given time."""
        self._thread.join(seconds)

    def _run(self, images: Mapping[str, Path], cache: Path) -> None:
        try:
            self._result.set_result(measure_image_properties(images, cache, self._on_progress))
        except BaseException as error:
            self._result.set_exception(error)
            raise

    def _on_progress(self, _stage: str, done: int, _total: int) -> None:
        self.done = done
