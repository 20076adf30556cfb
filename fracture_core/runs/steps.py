"""Step-by-step progress of a training: the latest report, and learning curves of bounded size."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fracture_core.errors import DataError
from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import Count, JsonRecord, MeasuredNumber, read_json

#: Number of points at which neighbouring points are merged; even, so that each point has a partner.
MAX_POINTS = 400

# Seconds between the first points of a training.
_FIRST_INTERVAL = 1.0


@dataclass(frozen=True)
class LatestReport(JsonRecord):
    """The latest report of a training.

    Attributes:
        epoch: current epoch, from 1.
        epochs: planned epochs.
        step: completed steps of this epoch.
        steps: steps per epoch.
        seconds: seconds since this epoch began.
        images_per_second: speed in this epoch without its first step, which compiles the network.
        loss: mean loss of this epoch so far.
        memory: bytes that the process holds.
        memory_free: bytes of memory that are available.
    """

    epoch: Count
    epochs: Count
    step: Count
    steps: Count
    seconds: float
    images_per_second: float
    loss: MeasuredNumber
    memory: Count
    memory_free: Count


class CurvePoint(NamedTuple):
    """A point of the curves by step; in JSON a list of its values.

    Attributes:
        at: completed epochs, with a fraction.
        step: completed steps since the training began.
        loss: mean loss since the previous point.
        accuracy: share of correct predictions since the previous point, 0–1, at a probability of 0.5.
        auc: AUC of the epoch so far.
    """

    at: float
    step: Count
    loss: MeasuredNumber
    accuracy: MeasuredNumber
    auc: MeasuredNumber


@dataclass(frozen=True)
class StepHistory(JsonRecord):
    """The latest report and the curves by step.

    Attributes:
        now: the latest report; None before the first.
        points: points in order, fewer than `MAX_POINTS`.
        every: seconds between two points; doubles when points are merged.
    """

    now: LatestReport | None = None
    points: tuple[CurvePoint, ...] = ()
    every: float = _FIRST_INTERVAL

    @classmethod
    def load(cls, path: Path) -> "StepHistory":
        """Read a history; it is empty if the file is missing or damaged, because a training does not need it."""
        try:
            return cls.from_json(read_json(path))
        except (OSError, DataError):
            return cls()

    def save(self, path: Path) -> None:
        """Write the history, atomically."""
        write_atomically(path, json.dumps(self.to_json()))

    def truncated(self, epochs: int) -> "StepHistory":
        """Return the points of the first epochs, for a training that continues after them."""
        return StepHistory(None, tuple(point for point in self.points if point.at <= epochs), self.every)

    def with_latest(self, now: LatestReport) -> "StepHistory":
        """Return a copy with another latest report."""
        return StepHistory(now, self.points, self.every)

    def with_point(self, point: CurvePoint) -> "StepHistory":
        """Return a copy with one more point; at `MAX_POINTS`, pairs are merged and the interval doubles."""
        points = (*self.points, point)
        if len(points) < MAX_POINTS:
            return StepHistory(self.now, points, self.every)
        pairs = zip(points[0::2], points[1::2], strict=True)
        return StepHistory(self.now, tuple(_merge(pair) for pair in pairs), self.every * 2)


def _merge(pair: Sequence[CurvePoint]) -> CurvePoint:
    first, second = pair
    return CurvePoint(
        second.at,
        second.step,
        round(math.fsum((first.loss, second.loss)) / 2, 5),
        round((first.accuracy + second.accuracy) / 2, 5),
        second.auc,
    )
