"""Measurement of the training speed on this computer, with real steps on noise images."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fracture_core.jobs.progress import ProgressCallback, ignore_progress
from fracture_core.runs.config import TrainingConfig
from fracture_core.training import loop
from fracture_core.training.batches import Batches, FractureBoxes
from fracture_core.training.duration_estimate import TrainingSpeed
from fracture_core.zoo import find_architecture

# The first steps build the graph and use batches that were prepared in the meantime.
_WARM_UP_STEPS = 2
# Measured steps and seconds, and the maximum duration in seconds.
_STEPS, _SECONDS, _MAX_SECONDS = 4, 4.0, 40.0
_BATCHES = 16


def measure_training_speed(
    config: TrainingConfig, progress: ProgressCallback = ignore_progress
) -> TrainingSpeed:
    """Train and validate for some seconds, with the batches, augmentation and layers of a real training.

    Args:
        config: Settings of the training; its dataset is not used.
        progress: Progress callback.

    Returns:
        The measured speed.

    Raises:
        TrainingError: The network has no layer of the name in `freeze_before`.
    """
    model = find_architecture(config.architecture).build(config.input)
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
    """Image source of any length that repeats one noise image."""

    def __init__(self, height: int, width: int):
        self._image = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)

    def __getitem__(self, index: NDArray[np.intp]) -> NDArray[np.uint8]:
        return np.repeat(self._image[None], len(index), axis=0)


class _StepTimer(keras.callbacks.Callback):
    """Records the end of each batch, and stops the training when enough steps are measured."""

    def __init__(self, max_seconds: float):
        super().__init__()
        self._max_seconds = max_seconds
        self._start = time.monotonic()
        self.ends: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.ends.append(time.monotonic())
        measured = len(self.ends) - _WARM_UP_STEPS
        is_enough = measured > _STEPS and self.ends[-1] - self.ends[_WARM_UP_STEPS] > _SECONDS
        if is_enough or (measured > 0 and time.monotonic() - self._start > self._max_seconds):
            self.model.stop_training = True

    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.ends.append(time.monotonic())

    def speed(self, batch: int) -> float:
        """Return images per second after the warm-up steps."""
        measured = self.ends[min(_WARM_UP_STEPS, len(self.ends) - 2) :]
        return round(batch * (len(measured) - 1) / (measured[-1] - measured[0]), 2)


def _batches(config: TrainingConfig, count: int, is_augmented: bool) -> Batches:
    labels = np.arange(config.batch * count) % 2
    stride = find_architecture(config.architecture).map_stride
    return Batches(
        _Noise(config.input.height, config.input.width),
        labels,
        np.ones(len(labels), np.float32),
        config.input,
        config.batch,
        augmentation=config.augmentation if is_augmented else None,
        fracture_boxes=FractureBoxes(stride, [np.zeros((0, 4))] * len(labels)) if stride else None,
    )


def _training_speed(model: keras.Model, config: TrainingConfig, head_only: bool) -> float:
    compiled = loop.compile_model(model, config, _BATCHES, head_only)
    timer = _StepTimer(_MAX_SECONDS)
    batches = _batches(config, _BATCHES, is_augmented=True)
    loop.create_variables(compiled, batches[0])
    compiled.fit(batches, epochs=100, shuffle=False, verbose=0, callbacks=[timer])
    return timer.speed(config.batch)


def _validation_speed(model: keras.Model, config: TrainingConfig) -> float:
    compiled = loop.compile_model(model, config, _BATCHES, head_only=False)
    timer = _StepTimer(_MAX_SECONDS)
    batches = _batches(config, _WARM_UP_STEPS + 2, is_augmented=False)
    loop.create_variables(compiled, batches[0])
    compiled.evaluate(batches, verbose=0, callbacks=[timer])
    return timer.speed(config.batch)
