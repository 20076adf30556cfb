"""Measures how fast a training runs on this computer: some real steps on films of noise."""

import time
from datetime import UTC, datetime

import keras
import numpy as np

from fracture_core.jobs.progress import ProgressCallback, ignore_progress
from fracture_core.runs.config import TrainingConfig
from fracture_core.training import loop
from fracture_core.training.batches import Batches, FractureBoxes
from fracture_core.training.training_speed import TrainingSpeed
from fracture_core.zoo import find_architecture

# The first steps build the graph and drain what was made ready meanwhile.
_WARM = 2
# Enough steps and seconds to be even, and few enough to be waited for.
_STEPS, _SECONDS, _LONGEST = 4, 4.0, 40.0
_BATCHES = 16


def measure_training_speed(
    config: TrainingConfig, progress: ProgressCallback = ignore_progress
) -> TrainingSpeed:
    """Trains and judges for some seconds, with the batches, variations and layers of a real training.

    Args:
        config: the training; its films are not looked at.
        progress: called with the step being timed, and the number of steps done and in total.

    Raises:
        TrainingError: there is no layer of the name to freeze before.
    """
    row = find_architecture(config.architecture)
    model = row.build(config.input)
    phases = 3 if config.head_epochs else 2
    head = 0.0
    if config.head_epochs:
        progress("Timing steps of the head alone", 0, phases)
        head = _training_speed(model, config, head_only=True)
    progress("Timing steps of the whole network", phases - 2, phases)
    trained = _training_speed(model, config, head_only=False)
    progress("Timing the validation", phases - 1, phases)
    judged = _validation_speed(model, config)
    return TrainingSpeed(
        trained, head, judged, int(model.count_params()), datetime.now(UTC).date().isoformat()
    )


class _Noise:
    """Films without end, none of them on any disk; each is the same noise."""

    def __init__(self, height: int, width: int):
        self._film = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)

    def __getitem__(self, index: np.ndarray) -> np.ndarray:
        return np.repeat(self._film[None], len(index), axis=0)


class _Clock(keras.callbacks.Callback):
    """Notes when each batch ended, and ends the training when that is enough."""

    def __init__(self, longest: float):
        super().__init__()
        self._longest = longest
        self._began = time.monotonic()
        self.ends: list[float] = []

    def on_train_batch_end(self, batch, logs=None):
        self._end()
        counted = len(self.ends) - _WARM
        enough = counted > _STEPS and self.ends[-1] - self.ends[_WARM] > _SECONDS
        if enough or (counted > 0 and time.monotonic() - self._began > self._longest):
            self.model.stop_training = True

    def on_test_batch_end(self, batch, logs=None):
        self._end()

    def _end(self) -> None:
        self.ends.append(time.monotonic())

    def speed(self, batch: int) -> float:
        """Films a second after the first steps."""
        kept = self.ends[min(_WARM, len(self.ends) - 2) :]
        return round(batch * (len(kept) - 1) / (kept[-1] - kept[0]), 2)


def _batches(config: TrainingConfig, count: int, varied: bool) -> Batches:
    labels = np.arange(config.batch * count) % 2
    stride = find_architecture(config.architecture).map_stride
    return Batches(
        _Noise(config.input.height, config.input.width),
        labels,
        np.ones(len(labels), np.float32),
        config.input,
        config.batch,
        augmentation=config.augmentation if varied else None,
        marks=FractureBoxes(stride, [np.zeros((0, 4))] * len(labels)) if stride else None,
    )


def _training_speed(model: keras.Model, config: TrainingConfig, head_only: bool) -> float:
    trained = loop.compile_model(model, config, _BATCHES, head_only)
    clock = _Clock(_LONGEST)
    films = _batches(config, _BATCHES, varied=True)
    trained.fit(films, epochs=100, shuffle=False, verbose=0, callbacks=[clock])
    return clock.speed(config.batch)


def _validation_speed(model: keras.Model, config: TrainingConfig) -> float:
    trained = loop.compile_model(model, config, _BATCHES, head_only=False)
    clock = _Clock(_LONGEST)
    trained.evaluate(_batches(config, _WARM + 2, varied=False), verbose=0, callbacks=[clock])
    return clock.speed(config.batch)
