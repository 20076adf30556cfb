"""Whether films are still those that a run began with."""

import zlib
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from fracture_core.errors import TrainingError
from fracture_core.inference.image_cache import file_states, load_canvas
from fracture_core.training.training_data import TrainingData


@dataclass(frozen=True, eq=False)
class DatasetFingerprint:
    """What is known of the films of a run, in the order of its data set.

    Attributes:
        files: int (n, 2), lengths and times of their files; see `image_cache.file_states`.
        content: uint32 (n,), check sums (CRC-32) of what the network is shown.
    """

    files: np.ndarray
    content: np.ndarray

    @classmethod
    def from_data(cls, films: TrainingData) -> "DatasetFingerprint":
        """Looks at every decoded film once."""
        return cls(films.files, np.array([zlib.crc32(film) for film in films.canvases], np.uint32))

    @classmethod
    def load(cls, path: Path) -> "DatasetFingerprint | None":
        """Reads what `save` wrote; None where there is none."""
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as arrays:
            return cls(arrays["files"], arrays["content"])

    def save(self, path: Path) -> None:
        """Writes it, so that it is there whole or not at all."""
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, files=self.files, content=self.content)
        partial.replace(path)

    def check(self, name: str, films: TrainingData) -> None:
        """Refuses films that are others than those noted. A file that only got another time is no other film.

        Args:
            name: of the run.
            films: its data.

        Raises:
            TrainingError: a film has changed or is gone.
        """
        files = file_states(films.data.cases)
        for row in np.flatnonzero((files != self.files).any(axis=1)):
            case = films.data.cases[row]
            if files[row, 0] < 0:
                raise TrainingError(
                    f"Expected the films that {name} began with, but {case.path} is gone: put it back and resume the "
                    "run, or start a new one."
                )
            decoded = load_canvas(case, films.spec)
            shown = np.zeros_like(films.canvases[0]) if decoded is None else decoded[0]
            if zlib.crc32(shown.tobytes()) != self.content[row]:
                raise TrainingError(
                    f"Expected the films that {name} began with, but {case.path} has changed since: put the old file "
                    "back and resume the run, or start a new one."
                )


class FingerprintCheck(keras.callbacks.Callback):
    """Looks at the films' files after every epoch: hours later it would be too late to learn of it.

    Args:
        name: of the run.
        films: its data.
        noted: what it began with.
    """

    def __init__(self, name: str, films: TrainingData, noted: DatasetFingerprint):
        super().__init__()
        self._name = name
        self._films = films
        self._noted = noted

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        """Refuses to go on with other films."""
        self._noted.check(self._name, self._films)
