"""What a training reports step by step: where it stands, and curves of bounded size."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from fracture_core.io.atomic_write import write_atomically

#: As many points are thinned, two into one; even, so that none is left over.
MAX_POINTS = 400

# Seconds between the first points of a training.
_EVERY = 1.0


@dataclass(frozen=True)
class LatestReport:
    """The last report of a training.

    Attributes:
        epoch: which epoch, from 1.
        epochs: epochs planned.
        step: steps of it that are done.
        steps: steps of an epoch.
        seconds: since this epoch began.
        images_per_second: in this epoch, its first step left out: it prepares the network.
        loss: mean over this epoch so far.
        memory: bytes that the process holds.
        memory_free: bytes that the computer could still give.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    seconds: float
    images_per_second: float
    loss: float
    memory: int
    memory_free: int


@dataclass(frozen=True)
class CurvePoint:
    """A stretch of a training, from the point before to this one.

    Attributes:
        at: epochs done, with a fraction.
        step: steps done since the training began.
        loss: mean of the stretch.
        accuracy: share of right answers in it, 0-1, at a probability of 0.5.
        auc: of the epoch so far.
    """

    at: float
    step: int
    loss: float
    accuracy: float
    auc: float


@dataclass(frozen=True)
class StepHistory:
    """Everything that is known step by step.

    Attributes:
        now: where the training stands; None before its first report.
        points: in order, fewer than `MAX_POINTS`.
        every: seconds between two points; grows as they are thinned.
    """

    now: LatestReport | None = None
    points: tuple[CurvePoint, ...] = ()
    every: float = _EVERY

    @classmethod
    def load(cls, path: Path) -> "StepHistory":
        """Reads what `save` wrote; nothing where there is none, or where it cannot be read: it is not needed."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            now = LatestReport(**raw["now"]) if raw["now"] else None
            return cls(now, tuple(CurvePoint(*values) for values in raw["points"]), float(raw["every"]))
        except (OSError, ValueError, TypeError, KeyError):
            return cls()

    def save(self, path: Path) -> None:
        """Writes it, atomically."""
        now = asdict(self.now) if self.now else None
        points = [list(asdict(point).values()) for point in self.points]
        write_atomically(path, json.dumps({"now": now, "points": points, "every": self.every}))

    def truncated(self, epochs: int) -> "StepHistory":
        """Without what came after so many epochs: a training that is continued there makes those steps again."""
        return StepHistory(None, tuple(point for point in self.points if point.at <= epochs), self.every)

    def with_latest(self, now: LatestReport) -> "StepHistory":
        """The same with another last report."""
        return StepHistory(now, self.points, self.every)

    def with_point(self, point: CurvePoint) -> "StepHistory":
        """With one point more; where they are too many, two become one and the next ones come half as often."""
        points = (*self.points, point)
        if len(points) < MAX_POINTS:
            return StepHistory(self.now, points, self.every)
        pairs = zip(points[0::2], points[1::2], strict=True)
        return StepHistory(self.now, tuple(_joined(pair) for pair in pairs), self.every * 2)


def _joined(pair: Sequence[CurvePoint]) -> CurvePoint:
    first, second = pair
    return CurvePoint(
        second.at,
        second.step,
        round(math.fsum((first.loss, second.loss)) / 2, 5),
        round((first.accuracy + second.accuracy) / 2, 5),
        second.auc,
    )
