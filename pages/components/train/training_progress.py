"""Progress of a training: completed share, time left, curves and log."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.steps import CurvePoint, LatestReport

#: Names of the curves.
TRAINING, VALIDATION, BY_STEP = "training", "validation", "training, step by step"

# Bytes at the end of the log that contain the shown lines.
_TAIL_BYTES = 16_384


@dataclass(frozen=True)
class TrainingProgress:
    """Progress of a training.

    Attributes:
        now: the latest report.
        share: completed share of all planned epochs, 0–1.
        seconds_left: seconds to the last planned epoch, without early stopping.
        at_most: whether `seconds_left` is an upper limit, because an epoch of the whole network was measured.
    """

    now: LatestReport
    share: float
    seconds_left: float
    at_most: bool


def current_progress(
    now: LatestReport, epochs: Sequence[dict[str, Any]], config: TrainingConfig
) -> TrainingProgress:
    """Compute the progress of a training.

    Args:
        now: the latest report.
        epochs: progress lines of the completed epochs.
        config: the settings.
    """
    ended = bool(epochs) and epochs[-1]["epoch"] >= now.epoch
    if now.step > 1 and now.images_per_second:
        pace = now.steps * config.batch / now.images_per_second
    else:  # only the first step is done, which also compiles the network
        pace = 0.0 if epochs else now.seconds / now.step * now.steps
    # The latest epoch includes the validation, but steps get slower after the head-only epochs.
    whole_epoch = max(epochs[-1]["seconds"], pace) if epochs else pace
    rest = 0.0 if ended else max(whole_epoch - now.seconds, pace * (1 - now.step / now.steps))
    done = now.epoch - 1 + now.step / now.steps
    return TrainingProgress(
        now,
        min(1.0, done / now.epochs),
        rest + whole_epoch * (now.epochs - now.epoch),
        at_most=bool(epochs) and epochs[-1]["epoch"] > config.head_epochs,
    )


def curve_table(epochs: Sequence[dict[str, Any]], points: Sequence[CurvePoint], name: str) -> pd.DataFrame:
    """Tabulate a metric by epoch and by step; columns epoch, curve, value."""
    rows = [
        (float(line["epoch"]), curve, line[key])
        for line in epochs
        for curve, key in ((TRAINING, name), (VALIDATION, f"val_{name}"))
        if key in line
    ]
    rows += [(point.at, BY_STEP, getattr(point, name)) for point in points]
    return pd.DataFrame(rows, columns=["epoch", "curve", "value"])


def duration_text(seconds: float) -> str:
    """Format a duration, such as "less than a minute", "about 12 min" or "about 1 h 20 min"."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return f"about {minutes} min"
    hours, rest = divmod(round(minutes / 5) * 5, 60)
    return f"about {hours} h {rest} min" if rest else f"about {hours} h"


def log_tail(path: Path, lines: int = 12) -> str:
    """Return the last lines of a log, "" if there is none yet."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    # Progress bars on a terminal end with carriage returns.
    shown = [line for line in text.replace("\r", "\n").split("\n") if line.strip()]
    return "\n".join(shown[-lines:])
