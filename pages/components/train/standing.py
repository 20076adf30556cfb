"""Where a training stands, from its progress lines: numbers and words, nothing drawn."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.steps import CurvePoint, LatestReport

#: What a curve shows.
TRAINING, VALIDATION, BY_STEP = "training", "validation", "training, step by step"

# Enough of the log's end to hold the lines shown.
_TAIL_BYTES = 16_384


@dataclass(frozen=True)
class Standing:
    """Where a training stands.

    Attributes:
        now: its last report.
        share: how much of all planned epochs is done, 0–1.
        seconds_left: to the last planned epoch, if training does not end by itself before.
        at_most: whether it will hardly take longer: a whole epoch of the whole network was seen.
    """

    now: LatestReport
    share: float
    seconds_left: float
    at_most: bool


def current_standing(now: LatestReport, epochs: Sequence[dict[str, Any]], config: TrainingConfig) -> Standing:
    """Where a training stands.

    Args:
        now: its last report.
        epochs: reports of the completed epochs.
        config: the settings.
    """
    ended = bool(epochs) and epochs[-1]["epoch"] >= now.epoch
    if now.step > 1 and now.images_per_second:
        pace = now.steps * config.batch / now.images_per_second
    else:  # the first step prepares the network and tells little; where there is nothing else, it must do
        pace = 0.0 if epochs else now.seconds / now.step * now.steps
    # The latest whole epoch knows what validation costs; but after those of the head alone a step takes far longer.
    whole = max(epochs[-1]["seconds"], pace) if epochs else pace
    rest = 0.0 if ended else max(whole - now.seconds, pace * (1 - now.step / now.steps))
    done = now.epoch - 1 + now.step / now.steps
    return Standing(
        now,
        min(1.0, done / now.epochs),
        rest + whole * (now.epochs - now.epoch),
        at_most=bool(epochs) and epochs[-1]["epoch"] > config.head_epochs,
    )


def curve_table(epochs: Sequence[dict[str, Any]], points: Sequence[CurvePoint], name: str) -> pd.DataFrame:
    """One metric, of both kinds of film by epoch and of training films by steps; columns epoch, films, value."""
    rows = [
        (float(line["epoch"]), films, line[key])
        for line in epochs
        for films, key in ((TRAINING, name), (VALIDATION, f"val_{name}"))
        if key in line
    ]
    rows += [(point.at, BY_STEP, getattr(point, name)) for point in points]
    return pd.DataFrame(rows, columns=["epoch", "films", "value"])


def best_epoch(epochs: Sequence[dict[str, Any]], head_epochs: int) -> dict[str, Any] | None:
    """The epoch whose weights are kept: the one with the lowest validation loss.

    Epochs of the head alone count only where there are no others, and the last of them is kept then.

    Args:
        epochs: reports of the completed epochs.
        head_epochs: how many of the first train the head alone.
    """
    known = [line for line in epochs if line.get("val_loss") is not None and math.isfinite(line["val_loss"])]
    known = [line for line in known if line["epoch"] > head_epochs] or known[-1:]
    return min(known, key=lambda line: line["val_loss"]) if known else None


def duration_text(seconds: float) -> str:
    """A time as people say it: "less than a minute", "about 12 min", "about 1 h 20 min"."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return f"about {minutes} min"
    hours, rest = divmod(round(minutes / 5) * 5, 60)
    return f"about {hours} h {rest} min" if rest else f"about {hours} h"


def log_tail(path: Path, lines: int = 12) -> str:
    """The last lines of a log, "" where there is none yet."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    # The terminal's carriage returns mean nothing on a page.
    kept = [line for line in text.replace("\r", "\n").split("\n") if line.strip()]
    return "\n".join(kept[-lines:])
