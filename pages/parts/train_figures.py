"""Where a training stands, from its progress lines: numbers and words, nothing drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

# Enough of the log's end to hold the lines shown.
_TAIL_BYTES = 16_384


@dataclass(frozen=True)
class Standing:
    """The last report of a training.

    Attributes:
        epoch: which epoch, from 1.
        epochs: epochs planned.
        step: steps of it that are done.
        steps: steps of an epoch; 0 where none was reported.
        images_per_second: in this epoch; 0 where none was reported.
        seconds_left: to the last planned epoch, if training does not end by itself before.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    images_per_second: float
    seconds_left: float

    @property
    def share(self) -> float:
        """How much of all planned epochs is done, 0–1."""
        within = self.step / self.steps if self.steps else 1.0
        return min(1.0, max(0.0, (self.epoch - 1 + within) / self.epochs))


def standing(lines: Sequence[dict[str, Any]]) -> Standing | None:
    """Where a training stands; None before its first report."""
    reports = [line for line in lines if line.get("kind") in ("step", "epoch")]
    if not reports:
        return None
    last = reports[-1]
    steps = [line for line in reports if line["kind"] == "step"]
    speed = steps[-1]["images_per_second"] if steps else 0.0
    epoch, epochs = last["epoch"], last["epochs"]
    if last["kind"] == "epoch":
        every = steps[-1]["steps"] if steps else 0
        return Standing(epoch, epochs, every, every, speed, last["seconds"] * (epochs - epoch))
    ended = [line["seconds"] for line in reports if line["kind"] == "epoch"]
    # The latest whole epoch knows what validation costs; before there is one, the steps must do.
    whole = ended[-1] if ended else last["seconds"] / last["step"] * last["steps"]
    left = max(0.0, whole - last["seconds"]) + whole * (epochs - epoch)
    return Standing(epoch, epochs, last["step"], last["steps"], speed, left)


def curves(epochs: Sequence[dict[str, Any]], name: str) -> pd.DataFrame:
    """One metric of both kinds of film by epoch; columns epoch, films, value."""
    rows = [
        (line["epoch"], films, line[key])
        for line in epochs
        for films, key in (("training", name), ("validation", f"val_{name}"))
        if key in line
    ]
    return pd.DataFrame(rows, columns=["epoch", "films", "value"])


def best_epoch(epochs: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The epoch with the lowest validation loss, the one that is kept.

    Epochs of the head alone carry no learning rate in their report, and count only where there are no others.
    """
    known = [line for line in epochs if line.get("val_loss") is not None]
    known = [line for line in known if "learning_rate" in line] or known[-1:]
    return min(known, key=lambda line: line["val_loss"]) if known else None


def duration(seconds: float) -> str:
    """A time as people say it: "less than a minute", "about 12 min", "about 1 h 20 min"."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return f"about {minutes} min"
    hours, rest = divmod(round(minutes / 5) * 5, 60)
    return f"about {hours} h {rest} min" if rest else f"about {hours} h"


def tail(path: Path, lines: int = 12) -> str:
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
