"""Keras callback that writes training progress and honours stop requests."""

import time
from collections.abc import Mapping
from typing import Any

import keras
import psutil

from fracture_core.runs.run import Run
from fracture_core.runs.steps import CurvePoint, LatestReport, StepHistory
from fracture_core.training.tensorboard import EventFiles
from fracture_core.zoo.architecture import LOGIT_LAYER

# Minimum seconds between two step reports.
_INTERVAL = 1.0

# Metrics that are averaged over the steps of a curve point.
_AVERAGED = ("loss", "accuracy")


class StopRequested(Exception):  # noqa: N818 - a request, not an error
    """The run was asked to stop; ends `fit` at the next step."""


class TrainingProgressCallback(keras.callbacks.Callback):
    """Writes epoch metrics, step metrics and TensorBoard events, and stops on request.

    Args:
        run: Run that is trained.
        epochs: Planned epochs.
        completed: Epochs completed before.
        steps: Steps per epoch.
        images: Images per epoch.
        batch: Images per step.
    """

    def __init__(self, run: Run, epochs: int, completed: int, steps: int, images: int, batch: int):
        super().__init__()
        self._run = run
        self._epochs = epochs
        self._completed = completed
        self._steps = steps
        self._images = images
        self._batch = batch
        self._process = psutil.Process()
        self._history = StepHistory.load(run.steps).truncated(completed)
        self._events = EventFiles(run.events)
        # Times of the last report and of the last curve point.
        self._report_time = self._point_time = 0.0
        self._epoch = 0
        # Times of the start of the epoch and of the end of its first step.
        self._epoch_start = self._first_step_end = 0.0
        # Sums over the images of the epoch, and over those since the last curve point.
        self._totals = dict.fromkeys(_AVERAGED, 0.0)
        self._since_point = dict.fromkeys((*_AVERAGED, "images"), 0.0)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Open the event files and write the history so far."""
        self._events.open(self._completed, self._completed * self._steps)
        # The latest report of an earlier process is outdated.
        self._run.write_steps(self._history)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Close the event files."""
        self._events.close()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Start the timer of the epoch."""
        self._epoch = epoch
        self._epoch_start = self._first_step_end = time.monotonic()
        self._totals = dict.fromkeys(_AVERAGED, 0.0)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Report at most once a second; stop on request."""
        if self._run.is_stop_requested():
            raise StopRequested
        metrics = _rename_metrics(logs)
        shown = min((batch + 1) * self._batch, self._images)
        self._add_step(metrics, shown, shown - min(batch * self._batch, self._images))
        now = time.monotonic()
        if batch == 0:
            self._first_step_end = now
        is_last = batch + 1 == self._steps
        if now - self._report_time < _INTERVAL and not is_last:
            return
        self._report_time = now
        if now - self._point_time >= self._history.every:
            self._point_time = now
            self._add_point(batch + 1, metrics.get("auc", 0.0))
        # The first step is slow because it builds the graph. It counts only if there is no other.
        images, seconds = (
            (shown - self._batch, now - self._first_step_end) if batch else (shown, now - self._epoch_start)
        )
        self._history = self._history.with_latest(
            LatestReport(
                epoch=self._epoch + 1,
                epochs=self._epochs,
                step=batch + 1,
                steps=self._steps,
                seconds=round(now - self._epoch_start, 2),
                images_per_second=round(images / seconds, 2) if seconds else 0.0,
                loss=_rounded(metrics.get("loss", 0.0)),
                memory=self._process.memory_info().rss,
                memory_free=psutil.virtual_memory().available,
            )
        )
        self._run.write_steps(self._history)

    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Stop on request, also during validation."""
        if self._run.is_stop_requested():
            raise StopRequested

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Report the metrics of the epoch."""
        metrics = _rename_metrics(logs)
        self._events.write_epoch(epoch + 1, metrics)
        self._run.write_progress(
            kind="epoch",
            epoch=epoch + 1,
            epochs=self._epochs,
            seconds=round(time.monotonic() - self._epoch_start, 2),
            **metrics,
        )

    def _add_step(self, metrics: dict[str, float], shown: int, images: int) -> None:
        """Add a step to the sums. Keras reports means over the epoch so far, so the difference is the step's own."""
        for name in _AVERAGED:
            total = metrics.get(name, 0.0) * shown
            self._since_point[name] += total - self._totals[name]
            self._totals[name] = total
        self._since_point["images"] += images

    def _add_point(self, step: int, auc: float) -> None:
        done = self._epoch * self._steps + step
        loss, accuracy = (
            _rounded(self._since_point[name] / self._since_point["images"]) for name in _AVERAGED
        )
        point = CurvePoint(round(done / self._steps, 4), done, loss, accuracy, _rounded(auc))
        self._since_point = dict.fromkeys(self._since_point, 0.0)
        self._history = self._history.with_point(point)
        self._events.write_step(point)


def _rename_metrics(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """Remove the prefix that Keras adds to the logit's AUC and accuracy if there are two outputs."""
    return {name.replace(f"{LOGIT_LAYER}_a", "a"): float(value) for name, value in (logs or {}).items()}


def _rounded(value: float) -> float:
    """Round a value for files that are written every second."""
    return round(value, 5)
