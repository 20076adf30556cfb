"""Similarity of a record's images by network features, computed in a background thread."""

import hashlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fracture_core.file_names import encode_name
from fracture_core.inference import feature_store
from fracture_core.similar.embedding_projection import EmbeddingProjection, point_distances

#: Returns the features of an image file from the network's middle layer, float (channels,); None if unavailable.
FeatureExtractor = Callable[[Path], NDArray[np.floating] | None]

# Images between two writes of the feature cache.
_SAVE_INTERVAL = 100

# A projection needs at least three images.
_MIN_IMAGES = 3


class SimilaritySearch:
    """Feature extraction of all images in a thread, and distances between them. Features are cached on disk.

    Args:
        images: Image files by case id.
        extract: Feature extractor; called from a thread.
        weights: SHA-256 of the network's weights.
        cache: Folder of the feature cache, keyed by path, size and time of each file. It contains no image.

    Attributes:
        done: Number of images whose features are extracted.
        total: Number of images.
    """

    def __init__(self, images: Mapping[str, Path], extract: FeatureExtractor, weights: str, cache: Path):
        self.done, self.total = 0, len(images)
        self._ids = list(images)
        self._cache = _FeatureCache(cache, weights, images)
        self._stop = threading.Event()
        # Points of the images with features, and whether each image has features.
        self._points: Future[tuple[NDArray[np.float32], NDArray[np.bool_]]] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(list(images.values()), extract), name="similarity search", daemon=True
        )
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether features are still being extracted."""
        return not self._points.done()

    @property
    def is_stopped(self) -> bool:
        """Whether the search was stopped before its end."""
        return self._points.cancelled()

    def stop(self) -> None:
        """Stop after the current image; features extracted so far are cached."""
        self._stop.set()

    def wait(self, seconds: float) -> None:
        """Wait until the search has ended, at most for some seconds."""
        self._thread.join(seconds)

    def distances(self, case: str) -> pd.Series | None:
        """Return the cosine distance of every image from one of them.

        Args:
            case: Id of the reference case.

        Returns:
            Distances by case id, 0 (identical) to 2; infinite for images without features, and for all images if the
            reference has none. None while the search is running or if it was stopped. An error of the search is raised
            here.
        """
        if self.is_running or self.is_stopped:
            return None
        points, has_features = self._points.result()
        distances = np.full(len(self._ids), np.inf)
        position = self._ids.index(case)
        if has_features[position]:
            row = int(has_features[:position].sum())
            distances[has_features] = point_distances(points[row : row + 1], points)[0]
            distances[position] = 0.0  # instead of a rounding error
        return pd.Series(distances, index=pd.Index(self._ids, dtype=object))

    def _run(self, paths: list[Path], extract: FeatureExtractor) -> None:
        try:
            features = []
            for path in paths:
                if self._stop.is_set():
                    self._cache.save()
                    self._points.cancel()
                    return
                features.append(self._cache.get(path, extract))
                self.done = len(features)
                if self.done % _SAVE_INTERVAL == 0:
                    self._cache.save()
            self._cache.save()
            has_features = np.array([values is not None for values in features], bool)
            known = np.array([values for values in features if values is not None], np.float32)
            if len(known) >= _MIN_IMAGES:
                points = EmbeddingProjection.fit(known).transform(known)
            else:
                points, has_features = np.zeros((0, 0), np.float32), np.zeros(len(features), bool)
            self._points.set_result((points, has_features))
        except BaseException as error:
            self._points.set_exception(error)
            raise


class _FeatureCache:
    """Cached features of images, one file for each network and set of images."""

    def __init__(self, cache: Path, weights: str, images: Mapping[str, Path]):
        name = hashlib.sha256(encode_name("\n".join([weights, *map(str, images.values())]))).hexdigest()[:32]
        self._path = cache / f"{name}.likeness.npz"
        self._features = feature_store.load_features(self._path)
        self._saved = len(self._features)

    def get(self, path: Path, extract: FeatureExtractor) -> NDArray[np.floating] | None:
        """Return the features of an image from the cache or the extractor; None is not cached."""
        try:
            stat = path.stat()
        except OSError:
            return None
        key = f"{path} {stat.st_size} {stat.st_mtime_ns}"
        if key not in self._features:
            features = extract(path)
            if features is None:
                return None
            self._features[key] = np.asarray(features, np.float16)
        return self._features[key]

    def save(self) -> None:
        """Write the cache if it has new features."""
        if len(self._features) > self._saved and feature_store.save_features(self._path, self._features):
            self._saved = len(self._features)
