"""Likeness: the films of a record by how alike a network finds them, worked out in a thread of the app."""

import hashlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pandas as pd

from fracture_core.file_names import encode_name
from fracture_core.inference import feature_store
from fracture_core.similar.embedding_projection import EmbeddingProjection, point_distances

#: A film to the features of the network's middle layer, float (channels,); None where it cannot be judged.
FeatureExtractor = Callable[[Path], np.ndarray | None]

# After so many films what was seen is written down.
_EVERY = 100


class SimilaritySearch:
    """Films being looked at, each once; features are kept on disk, so that it is once for good.

    Args:
        films: image files by case id.
        look: called from a thread.
        weights: SHA-256 of the network's weights.
        cache: folder in which features are kept, by path, size and time of the file. It holds no picture.

    Attributes:
        done: films looked at.
        total: number of images.
    """

    def __init__(self, films: Mapping[str, Path], look: FeatureExtractor, weights: str, cache: Path):
        self.done, self.total = 0, len(films)
        self._ids = list(films)
        self._kept = _FeatureCache(cache, weights, films)
        self._stop = threading.Event()
        self._points: Future[tuple[np.ndarray, np.ndarray]] = Future()
        self._thread = threading.Thread(
            target=self._work, args=(list(films.values()), look), name="likens films", daemon=True
        )
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether films are still being looked at."""
        return not self._points.done()

    @property
    def is_stopped(self) -> bool:
        """Whether it was stopped before all were."""
        return self._points.cancelled()

    def stop(self) -> None:
        """Looks at no further film; what was seen is kept."""
        self._stop.set()

    def wait(self, seconds: float) -> None:
        """Returns when all films are done, or after a while."""
        self._thread.join(seconds)

    def distances(self, case: str) -> pd.Series | None:
        """How far each film lies from one of them, by case id: 0 for itself, 2 for the opposite.

        Returns:
            None until all are looked at. Infinite for films that could not be judged, and for every film where the one
            asked about could not. A fault of the work is raised here, where it is seen.
        """
        if self.is_running or self.is_stopped:
            return None
        points, seen = self._points.result()
        found = np.full(len(self._ids), np.inf)
        at = self._ids.index(case)
        if seen[at]:
            place = int(seen[:at].sum())
            found[seen] = point_distances(points[place : place + 1], points)[0]
            found[at] = 0.0  # rounding would leave it a hair away from itself
        return pd.Series(found, index=pd.Index(self._ids, dtype=object))

    def _work(self, paths: list[Path], look: FeatureExtractor) -> None:
        try:
            features = []
            for path in paths:
                if self._stop.is_set():
                    self._kept.save()
                    self._points.cancel()
                    return
                features.append(self._kept.of(path, look))
                self.done = len(features)
                if self.done % _EVERY == 0:
                    self._kept.save()
            self._kept.save()
            seen = np.array([one is not None for one in features], bool)
            known = np.array([one for one in features if one is not None], np.float32)
            # Three films have directions; fewer have nothing to be compared by.
            enough = len(known) > 2
            points = (
                EmbeddingProjection.fit(known).transform(known) if enough else np.zeros((0, 0), np.float32)
            )
            self._points.set_result((points, seen if enough else np.zeros(len(seen), bool)))
        except BaseException as error:
            self._points.set_exception(error)
            raise


class _FeatureCache:
    """Features of films that were looked at before, in one file for each network and set of films."""

    def __init__(self, cache: Path, weights: str, films: Mapping[str, Path]):
        name = hashlib.sha256(encode_name("\n".join([weights, *map(str, films.values())]))).hexdigest()[:32]
        self._path = cache / f"{name}.likeness.npz"
        self._features = feature_store.load_features(self._path)
        self._saved = len(self._features)

    def of(self, path: Path, look: FeatureExtractor) -> np.ndarray | None:
        """The features of a film, remembered or looked at; what could not be judged is looked at again next time."""
        try:
            stamp = path.stat()
        except OSError:
            return None
        key = f"{path} {stamp.st_size} {stamp.st_mtime_ns}"
        if key not in self._features:
            found = look(path)
            if found is None:
                return None
            self._features[key] = np.asarray(found, np.float16)
        return self._features[key]

    def save(self) -> None:
        """Writes them down where there are new ones."""
        if len(self._features) > self._saved and feature_store.save_features(self._path, self._features):
            self._saved = len(self._features)
