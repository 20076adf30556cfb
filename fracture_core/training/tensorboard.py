"""TensorBoard event files, written with TensorFlow alone, so that TensorBoard need not be installed.

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

# Folders of the event files.
_TRAIN, _VALIDATION = "train", "validation"
# Prefixes of the tags.
_BY_EPOCH, _BY_STEP = "epoch_", "batch_"

# TensorBoard reads only files whose name contains `tfevents`.
_NAME = "events.out.tfevents"
_VERSION = "brain.Event:2"


class EventFiles:
    """Event files of one training.

    Args:
        folder: Folder of the event files, with one subfolder each for training and validation metrics.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._writers: dict[str, tf.io.TFRecordWriter] = {}

    def open(self, epochs: int, steps: int) -> None:
        """Open the files and remove events of later epochs and steps, which will be repeated.

        Args:
            epochs: Completed epochs.
            steps: Completed steps.
        """
        self.close()
        for split in (_TRAIN, _VALIDATION):
            folder = self._folder / split
            folder.mkdir(parents=True, exist_ok=True)
            old = sorted(folder.glob(f"{_NAME}.*"))
            # A running TensorBoard continues with the next file by name, so the number must increase.
            last = max((int(path.suffix[1:]) for path in old if path.suffix[1:].isdecimal()), default=0)
            path = folder / f"{_NAME}.{max(int(time.time()), last + 1)}"
            writer = tf.io.TFRecordWriter(str(path))
            writer.write(_Event(wall_time=time.time(), file_version=_VERSION).SerializeToString())
            for event in _earlier_events(old, epochs, steps):
                writer.write(event.SerializeToString())
            writer.flush()
            for path in old:
                path.unlink()
            self._writers[split] = writer

    def write_epoch(self, number: int, metrics: dict[str, float]) -> None:
        """Add the metrics of an epoch.

        Args:
            number: Number of the epoch, from 1.
            metrics: Metrics by name; those of the validation split start with `val_`.
        """
        for split, prefix in ((_TRAIN, ""), (_VALIDATION, "val_")):
            values = {
                _BY_EPOCH + name.removeprefix(prefix): value
                for name, value in metrics.items()
                if name.startswith("val_") == bool(prefix)
            }
            self._write(split, number, values)

    def write_step(self, point: CurvePoint) -> None:
        """Add a curve point.

        Args:
            point: Metrics averaged over several steps.
        """
        values = {"loss": point.loss, "accuracy": point.accuracy, "auc": point.auc}
        self._write(_TRAIN, point.step, {_BY_STEP + name: value for name, value in values.items()})

    def close(self) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _write(self, split: str, step: int, values: dict[str, float]) -> None:
        summary = _Summary(
            value=[_Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        )
        self._writers[split].write(
            _Event(wall_time=time.time(), step=step, summary=summary).SerializeToString()
        )
        self._writers[split].flush()


def _earlier_events(files: list[Path], epochs: int, steps: int) -> Iterator[Any]:
    """Read the events up to an epoch and a step."""
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
            continue  # the last record is incomplete after a crash
