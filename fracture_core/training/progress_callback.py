"""What a training tells the world while it runs, and how the world tells it to stop."""

import time

import keras
import psutil

from fracture_core.runs.run import Run
from fracture_core.runs.steps import CurvePoint, LatestReport, StepHistory
from fracture_core.training.tensorboard import EventFiles
from fracture_core.zoo.architecture import LOGIT_LAYER

# Seconds between two step reports: often enough to look alive, seldom enough to cost nothing.
_INTERVAL = 1.0

# What is summed up over the steps of a point.
_SUMMED = ("loss", "accuracy")


class StopRequested(Exception):  # noqa: N818 - a request, no error
    """Somebody asked the run to stop; unwinds `fit` at the next step."""


class TrainingProgressCallback(keras.callbacks.Callback):
    """Writes progress lines, steps and TensorBoard's events, and heeds a request to stop.

    Args:
        run: the run.
        epochs: epochs planned.
        begun: epochs done before.
        steps: steps an epoch.
        films: films an epoch.
        batch: films a step.
    """

    def __init__(self, run: Run, epochs: int, begun: int, steps: int, films: int, batch: int):
        super().__init__()
        self._run = run
        self._epochs = epochs
        self._begun = begun
        self._steps = steps
        self._films = films
        self._batch = batch
        self._process = psutil.Process()
        self._known = StepHistory.load(run.steps).truncated(begun)
        self._events = EventFiles(run.events)
        self._reported = self._pointed = 0.0
        self._epoch = 0
        self._began = self._prepared = 0.0
        # Of the epoch so far, and of the steps since the last point: means times films.
        self._totals = dict.fromkeys(_SUMMED, 0.0)
        self._since = dict.fromkeys((*_SUMMED, "films"), 0.0)

    def on_train_begin(self, logs=None) -> None:
        """Goes on where the training was, in the event files too."""
        self._events.open(self._begun, self._begun * self._steps)
        # What a process before this one reported last tells nothing of this one.
        self._run.write_steps(self._known)

    def on_train_end(self, logs=None) -> None:
        """Closes the event files."""
        self._events.close()

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        """Starts the epoch's clock."""
        self._epoch = epoch
        self._began = self._prepared = time.monotonic()
        self._totals = dict.fromkeys(_SUMMED, 0.0)

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        """Reports at most once a second; stops when asked."""
        if self._run.is_stop_requested():
            raise StopRequested
        figures = _named(logs)
        shown = min((batch + 1) * self._batch, self._films)
        self._sum_up(figures, shown, shown - min(batch * self._batch, self._films))
        now = time.monotonic()
        if batch == 0:
            self._prepared = now
        last = batch + 1 == self._steps
        if now - self._reported < _INTERVAL and not last:
            return
        self._reported = now
        if now - self._pointed >= self._known.every:
            self._pointed = now
            self._point(batch + 1, figures.get("auc", 0.0))
        # The first step prepares the network and takes long; where there is only one, it must do.
        films, seconds = (shown - self._batch, now - self._prepared) if batch else (shown, now - self._began)
        self._known = self._known.with_latest(
            LatestReport(
                epoch=self._epoch + 1,
                epochs=self._epochs,
                step=batch + 1,
                steps=self._steps,
                seconds=round(now - self._began, 2),
                images_per_second=round(films / seconds, 2) if seconds else 0.0,
                loss=_plain(figures.get("loss", 0.0)),
                memory=self._process.memory_info().rss,
                memory_free=psutil.virtual_memory().available,
            )
        )
        self._run.write_steps(self._known)

    def on_test_batch_end(self, batch: int, logs=None) -> None:
        """Stops when asked, in mid-validation too."""
        if self._run.is_stop_requested():
            raise StopRequested

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        """Reports the epoch's figures."""
        figures = _named(logs)
        self._events.write_epoch(epoch + 1, figures)
        self._run.write_progress(
            kind="epoch",
            epoch=epoch + 1,
            epochs=self._epochs,
            seconds=round(time.monotonic() - self._began, 2),
            **figures,
        )

    def _sum_up(self, figures: dict[str, float], shown: int, films: int) -> None:
        """Keras tells the mean of the epoch so far; what the last step added to it is the step's own."""
        for name in _SUMMED:
            total = figures.get(name, 0.0) * shown
            self._since[name] += total - self._totals[name]
            self._totals[name] = total
        self._since["films"] += films

    def _point(self, step: int, auc: float) -> None:
        done = self._epoch * self._steps + step
        loss, accuracy = (_plain(self._since[name] / self._since["films"]) for name in _SUMMED)
        point = CurvePoint(round(done / self._steps, 4), done, loss, accuracy, _plain(auc))
        self._since = dict.fromkeys(self._since, 0.0)
        self._known = self._known.with_point(point)
        self._events.write_step(point)


def _named(logs: dict | None) -> dict[str, float]:
    """The figures under one name; Keras puts the output's before a metric where there are two outputs."""
    # auc and accuracy; the losses are three
    return {name.replace(f"{LOGIT_LAYER}_a", "a"): float(value) for name, value in (logs or {}).items()}


def _plain(value: float) -> float:
    """Short, for files that are written every second."""
    return round(value, 5)
