"""Event files that TensorBoard reads: records of TensorFlow's own, so that TensorBoard need not be installed.

Tags and folders are those of `keras.callbacks.TensorBoard`.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from fracture_core.runs.steps import CurvePoint

_Event: Any = tf.compat.v1.Event
_Summary: Any = tf.compat.v1.Summary

_TRAIN, _VALIDATION = "train", "validation"
_BY_EPOCH, _BY_STEP = "epoch_", "batch_"

# TensorBoard asks of a file's name that it hold the second word.
_NAME = "events.out.tfevents"
_VERSION = "brain.Event:2"


class EventFiles:
    """The event files of one training.

    Args:
        folder: where; one folder each for training and validation films.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._writers: dict[str, tf.io.TFRecordWriter] = {}

    def open(self, epochs: int, steps: int) -> None:
        """Opens the files, without what they say of later epochs and steps: those are made again.

        Args:
            epochs: epochs done.
            steps: steps done.
        """
        self.close()
        for part in (_TRAIN, _VALIDATION):
            folder = self._folder / part
            folder.mkdir(parents=True, exist_ok=True)
            old = sorted(folder.glob(f"{_NAME}.*"))
            # A reader that is at work goes on to the next file by its name; the time of day may have been set back.
            last = max((int(path.suffix[1:]) for path in old if path.suffix[1:].isdecimal()), default=0)
            path = folder / f"{_NAME}.{max(int(time.time()), last + 1)}"
            writer = tf.io.TFRecordWriter(str(path))
            writer.write(_Event(wall_time=time.time(), file_version=_VERSION).SerializeToString())
            for event in _kept(old, epochs, steps):
                writer.write(event.SerializeToString())
            writer.flush()
            for before in old:
                before.unlink()
            self._writers[part] = writer

    def write_epoch(self, number: int, figures: dict[str, float]) -> None:
        """Adds the figures of an epoch, those of validation films by `val_` before their names."""
        for part, ahead in ((_TRAIN, ""), (_VALIDATION, "val_")):
            values = {
                _BY_EPOCH + name.removeprefix(ahead): value
                for name, value in figures.items()
                if name.startswith("val_") == bool(ahead)
            }
            self._write(part, number, values)

    def write_step(self, point: CurvePoint) -> None:
        """Adds the figures of a stretch of steps."""
        values = {"loss": point.loss, "accuracy": point.accuracy, "auc": point.auc}
        self._write(_TRAIN, point.step, {_BY_STEP + name: value for name, value in values.items()})

    def close(self) -> None:
        """Closes the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _write(self, part: str, step: int, values: dict[str, float]) -> None:
        summary = _Summary(
            value=[_Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        )
        self._writers[part].write(
            _Event(wall_time=time.time(), step=step, summary=summary).SerializeToString()
        )
        self._writers[part].flush()


def _kept(files: list[Path], epochs: int, steps: int) -> Iterator[Any]:
    for path in files:
        try:
            for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
                event = _Event.FromString(record)
                limit = (
                    epochs if any(value.tag.startswith(_BY_EPOCH) for value in event.summary.value) else steps
                )
                if event.summary.value and event.step <= limit:
                    yield event
        except tf.errors.DataLossError:
            continue  # the process was killed while it wrote the last record
