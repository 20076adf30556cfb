"""Fingerprint of a run's dataset, to detect images that change during a run."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fracture_core.errors import TrainingError
from fracture_core.inference.image_cache import file_states, load_canvas
from fracture_core.training.training_data import TrainingData


@dataclass(frozen=True, eq=False)
class DatasetFingerprint:
    """Fingerprint of the images of a run, in the order of its dataset.

    Attributes:
        files: Sizes and modification times of the files, int64 (n, 2); see `image_cache.file_states`.
        content: CRC-32 checksums of the letterboxed images, uint32 (n,).
    """

    files: NDArray[np.int64]
    content: NDArray[np.uint32]

    @classmethod
    def from_data(cls, data: TrainingData) -> "DatasetFingerprint":
        """Compute the fingerprint of decoded images."""
        return cls(data.files, np.array([zlib.crc32(canvas) for canvas in data.canvases], np.uint32))

    @classmethod
    def load(cls, path: Path) -> "DatasetFingerprint | None":
        """Load a saved fingerprint; None if there is none."""
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as arrays:
            return cls(arrays["files"], arrays["content"])

    def save(self, path: Path) -> None:
        """Save the fingerprint atomically."""
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, files=self.files, content=self.content)
        partial.replace(path)

    def check(self, name: str, data: TrainingData) -> None:
        """Check that the images are unchanged. A new modification time alone is accepted.

        Args:
            name: Name of the run.
            data: Its data.

        Raises:
            TrainingError: An image has changed or is missing.
        """
        files = file_states(data.dataset.cases)
        for row in np.flatnonzero((files != self.files).any(axis=1)):
            case = data.dataset.cases[row]
            if files[row, 0] < 0:
                raise TrainingError(
                    f"{case.path} is missing since {name} was started: restore it and resume the run, or start a new "
                    "one."
                )
            decoded = load_canvas(case, data.spec)
            canvas = np.zeros_like(data.canvases[0]) if decoded is None else decoded[0]
            if zlib.crc32(canvas.tobytes()) != self.content[row]:
                raise TrainingError(
                    f"{case.path} has changed since {name} was started: restore the old file and resume the run, or "
                    "start a new one."
                )


class FingerprintCheck(keras.callbacks.Callback):
    """Keras callback that checks the dataset after every epoch.

    Args:
        name: Name of the run.
        data: Its data.
        fingerprint: Fingerprint from the start of the run.
    """

    def __init__(self, name: str, data: TrainingData, fingerprint: DatasetFingerprint):
        super().__init__()
        self._name = name
        self._data = data
        self._fingerprint = fingerprint

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Raise a `TrainingError` if an image has changed."""
        self._fingerprint.check(self._name, self._data)
