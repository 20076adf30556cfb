"""What a training tells the world while it runs, and how the world tells it to stop."""

import time

import keras

from fracture_core.training.run import Run
from fracture_core.zoo.architecture import LOGIT

# Seconds between two step reports: often enough to look alive, seldom enough to cost nothing.
_INTERVAL = 1.0


class StopRequested(Exception):  # noqa: N818 - a request, no error
    """Somebody asked the run to stop; unwinds `fit` at the next step."""


class Report(keras.callbacks.Callback):
    """Writes progress lines and heeds a request to stop.

    Args:
        run: the run.
        epochs: epochs planned.
        steps: steps an epoch.
        batch: films a step.
    """

    def __init__(self, run: Run, epochs: int, steps: int, batch: int):
        super().__init__()
        self._run = run
        self._epochs = epochs
        self._steps = steps
        self._batch = batch
        self._epoch = 0
        self._began = 0.0
        self._reported = 0.0

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        """Starts the epoch's clock."""
        self._epoch = epoch
        self._began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        """Reports at most once a second; stops when asked."""
        if self._run.stop_requested():
            raise StopRequested
        now = time.monotonic()
        if now - self._reported < _INTERVAL and batch + 1 < self._steps:
            return
        self._reported = now
        spent = now - self._began
        self._run.report(
            kind="step",
            epoch=self._epoch + 1,
            epochs=self._epochs,
            step=batch + 1,
            steps=self._steps,
            loss=float((logs or {}).get("loss", 0.0)),
            images_per_second=round((batch + 1) * self._batch / spent, 2) if spent else 0.0,
            seconds=round(spent, 2),
        )

    def on_test_batch_end(self, batch: int, logs=None) -> None:
        """Stops when asked, in mid-validation too."""
        if self._run.stop_requested():
            raise StopRequested

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        """Reports the epoch's figures."""
        # Keras puts the output's name before a metric where there are two outputs.
        figures = {
            name.replace(f"{LOGIT}_a", "a"): float(value)  # auc and accuracy; the losses are three
            for name, value in (logs or {}).items()
        }
        self._run.report(
            kind="epoch",
            epoch=epoch + 1,
            epochs=self._epochs,
            seconds=round(time.monotonic() - self._began, 2),
            **figures,
        )
