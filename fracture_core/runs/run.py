"""Run: a training as a folder with its settings, state, progress and result."""

import contextlib
import json
import math
import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from fracture_core.errors import DataError, TrainingError
from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import Count, JsonRecord, parse_json, read_json, validate_json
from fracture_core.jobs import background
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.steps import StepHistory

#: States in which a process works on the run.
ACTIVE_STATUSES = frozenset({"starting", "running", "evaluating"})

#: Characters of a run name, for help texts.
RUN_NAME_HELP = "Letters, digits, dots, dashes and underscores."

_CONFIG, _STATE, _PROGRESS, _STOP, _NOTES = "config.json", "state.json", "progress.jsonl", "stop", "notes.txt"

#: Longest notes on a run, in characters.
MAX_NOTES_LENGTH = 2000

# If less than this share of the remaining memory is free, the next step may not fit.
_LOW_MEMORY_SHARE = 0.1

# A folder with one of these files is a run, or what is left of one.
_MARKER_FILES = (_CONFIG, _STATE)


def check_run_name(name: str) -> str:
    """Return the name if a run can have it.

    Raises:
        TrainingError: it is not a valid name.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise TrainingError(
            f"{name!r} is not a valid run name. Use at most 64 letters, digits, dots, dashes and underscores, and "
            "begin with a letter or digit."
        )
    return name


def best_epoch(epochs: Sequence[dict[str, Any]], head_epochs: int) -> dict[str, Any] | None:
    """Find the epoch with the lowest validation loss, whose weights the model gets.

    If there are only head-only epochs, it is the last of them.

    Args:
        epochs: progress lines of the completed epochs.
        head_epochs: number of head-only epochs.
    """
    finite = [line for line in epochs if line.get("val_loss") is not None and math.isfinite(line["val_loss"])]
    finite = [line for line in finite if line["epoch"] > head_epochs] or finite[-1:]
    return min(finite, key=lambda line: line["val_loss"]) if finite else None


@dataclass(frozen=True)
class RunState(JsonRecord):
    """State of a run.

    Attributes:
        status: "new", "starting", "running", "evaluating", "finished", "stopped", "failed" or, if its process stopped
            without an error message, "interrupted".
        message: one sentence for the user, or "".
        pid: number of the process that works on it; 0 for none.
        pid_started: when that process was created, see `background.process_start_marker`; distinguishes it from a later
            process with the same number.
        updated: time of the last change, in seconds since 1970.
    """

    status: str
    message: str = ""
    pid: Count = 0
    pid_started: str = ""
    updated: float = 0.0


class EpochLine(TypedDict):
    """Progress of a completed epoch; metrics such as "val_loss" stand beside these keys."""

    kind: Literal["epoch"]
    epoch: Count
    epochs: NotRequired[Count]
    seconds: NotRequired[float]


class TrialLine(TypedDict):
    """Result of one trial of the learning-rate search; "val_loss" is null if the loss diverged."""

    kind: Literal["trial"]
    trial: Count
    trials: NotRequired[Count]
    rate: NotRequired[float]
    val_loss: NotRequired[float | None]


class Run:
    """The folder of one training.

    config.json     settings
    state.json      state
    progress.jsonl  one line for each epoch and each trial of the learning-rate search
    steps.json      latest report and curves by step
    tensorboard/    the same figures for TensorBoard
    checkpoints/    last completed epoch with its optimizer, and the best weights
    log.txt         output of the process
    notes.txt       notes of the user
    result/         trained model, ready for the registry
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._watcher: Callable[[dict[str, Any]], None] | None = None

    @property
    def name(self) -> str:
        """Name of the run and of its folder."""
        return self.folder.name

    @property
    def created(self) -> float:
        """When its settings were written, in seconds since 1970."""
        marker = next((path for name in _MARKER_FILES if (path := self.folder / name).is_file()), self.folder)
        return marker.stat().st_mtime

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.folder / "checkpoints"

    @property
    def result(self) -> Path:
        """Folder of the finished model, in the form of the registry."""
        return self.folder / "result"

    @property
    def steps(self) -> Path:
        """File with the progress by step; see `runs.steps.StepHistory`."""
        return self.folder / "steps.json"

    @property
    def events(self) -> Path:
        """Folder of the TensorBoard event files."""
        return self.folder / "tensorboard"

    @property
    def log(self) -> Path:
        """File with the output of the process."""
        return self.folder / "log.txt"

    @property
    def is_complete(self) -> bool:
        """Whether the run has its settings; without them it can only be deleted."""
        return (self.folder / _CONFIG).is_file()

    @classmethod
    def create(cls, root: Path, name: str, config: TrainingConfig) -> "Run":
        """Create the folder of a new run.

        Args:
            root: folder of all runs.
            name: name of the run.
            config: its settings.

        Raises:
            TrainingError: the name is taken or not valid, or the folder cannot be written.
        """
        run = cls(root / check_run_name(name))
        try:
            run.folder.mkdir(parents=True)
        except FileExistsError:
            raise TrainingError(
                f"A run named {name} already exists. Choose another name, or resume that run."
            ) from None
        except OSError as error:
            raise TrainingError(
                f"Runs cannot be written to {root} ({error.strerror}). Choose another folder."
            ) from error
        try:
            config.save(run.folder / _CONFIG)
        except OSError as error:
            # A folder without settings would occupy the name.
            shutil.rmtree(run.folder, ignore_errors=True)
            raise TrainingError(
                f"{name} cannot be written to {root} ({error.strerror}). Free some disk space and try again."
            ) from error
        return run

    @classmethod
    def open(cls, root: Path, name: str) -> "Run":
        """Open an existing run, or what is left of one.

        Raises:
            TrainingError: there is no run with this name.
        """
        run = cls(root / name)
        is_plain = name != "" and name == Path(name).name and not name.startswith(".") and "\\" not in name
        if not is_plain or not any((run.folder / marker).is_file() for marker in _MARKER_FILES):
            raise TrainingError(f"There is no run named {name} in {root}. Check the name.")
        return run

    @classmethod
    def all(cls, root: Path) -> list["Run"]:
        """List all runs, the newest first, including runs without settings."""
        created: dict[Path, float] = {}
        for marker in reversed(_MARKER_FILES):
            for path in root.glob(f"*/{marker}"):
                # A hidden folder is being deleted, and may disappear at any time.
                with contextlib.suppress(OSError):
                    if not path.parent.name.startswith("."):
                        created[path.parent] = path.stat().st_mtime
        return [cls(folder) for folder in sorted(created, key=created.__getitem__, reverse=True)]

    def config(self) -> TrainingConfig:
        """Read the settings.

        Raises:
            TrainingError: they cannot be read.
        """
        return TrainingConfig.load(self.folder / _CONFIG)

    def state(self) -> RunState:
        """Read the state; a run whose process is gone is "interrupted"."""
        try:
            state = RunState.from_json(read_json(self.folder / _STATE))
        except FileNotFoundError:
            return RunState("new", "The run has not been started yet.")
        except DataError:
            return RunState("interrupted", "The state of the run cannot be read. Resume the run.")
        if state.status in ACTIVE_STATUSES and not background.is_process_alive(state.pid, state.pid_started):
            return RunState("interrupted", self._describe_interruption(), updated=state.updated)
        return state

    def _describe_interruption(self) -> str:
        """Describe why the process may have stopped."""
        now = StepHistory.load(self.steps).now
        if now is not None and now.memory_free < _LOW_MEMORY_SHARE * (now.memory_free + now.memory):
            return (
                f"The training process stopped without an error message. It held {now.memory / 1e9:.1f} GB of memory "
                f"and {now.memory_free / 1e9:.1f} GB were free, so memory probably ran out. Close other programs and "
                "resume the run, or clone it with a smaller batch or input size."
            )
        return (
            "The training process stopped without an error message; it was ended from outside or ran out of memory. "
            "Resume the run; at most one epoch is lost."
        )

    def check_unfinished(self) -> None:
        """Check that the test split has not been used yet, so that the run may be trained further.

        Raises:
            TrainingError: the run is finished.
        """
        if self.state().status == "finished":
            raise TrainingError(
                f"{self.name} is finished and its test images have been used. To train further, start a new run."
            )

    def set_state(self, status: str, message: str = "", pid: int | None = None) -> None:
        """Write the state, atomically.

        Args:
            status: see `RunState`.
            message: see `RunState`.
            pid: process that works on the run; None for this process, 0 for none.
        """
        pid = os.getpid() if pid is None else pid
        state = RunState(
            status, message, pid, background.process_start_marker(pid) if pid else "", time.time()
        )
        write_atomically(self.folder / _STATE, json.dumps(state.to_json()))

    def add_watcher(self, watcher: Callable[[dict[str, Any]], None]) -> None:
        """Pass each progress line and step report that this process writes to a function."""
        self._watcher = watcher

    def notes(self) -> str:
        """Read the user's notes; "" if there are none."""
        try:
            return (self.folder / _NOTES).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def write_notes(self, text: str) -> None:
        """Replace the user's notes; "" deletes them.

        Raises:
            TrainingError: the text is too long or cannot be stored, or the folder cannot be written.
        """
        text = text.strip()
        if len(text) > MAX_NOTES_LENGTH:
            raise TrainingError(
                f"Notes have at most {MAX_NOTES_LENGTH:,} characters, but these have {len(text):,}. Shorten them."
            )
        try:
            if text:
                write_atomically(self.folder / _NOTES, text)
            else:
                (self.folder / _NOTES).unlink(missing_ok=True)
        except (OSError, UnicodeEncodeError) as error:
            raise TrainingError(f"The notes on {self.name} cannot be saved: {error}.") from error

    def write_progress(self, **values: Any) -> None:
        """Append a line to the progress; see `EpochLine` and `TrialLine`."""
        if self._watcher is not None:
            self._watcher(values)
        with (self.folder / _PROGRESS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")

    def write_steps(self, history: StepHistory) -> None:
        """Replace the progress by step."""
        if self._watcher is not None and history.now is not None:
            self._watcher({"kind": "step", **history.now.to_json()})
        history.save(self.steps)

    def progress(self) -> list[dict[str, Any]]:
        """Read all progress lines; damaged lines, and one that is still being written, are left out."""
        try:
            text = (self.folder / _PROGRESS).read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        lines: list[dict[str, Any]] = []
        for text_line in text.splitlines():
            try:
                line = parse_json(text_line)
                validate_json(EpochLine | TrialLine, line)
            except (ValueError, DataError):
                continue
            lines.append(line)
        return lines

    def epochs(self) -> list[dict[str, Any]]:
        """Return the latest progress line of each completed epoch, in order."""
        latest = {line["epoch"]: line for line in self.progress() if line["kind"] == "epoch"}
        return [latest[number] for number in sorted(latest)]

    def request_stop(self) -> None:
        """Ask the process to stop at the next step."""
        (self.folder / _STOP).touch()

    def is_stop_requested(self) -> bool:
        """Whether the run was asked to stop."""
        return (self.folder / _STOP).exists()

    def clear_stop_request(self) -> None:
        """Remove a request to stop, when a process starts."""
        (self.folder / _STOP).unlink(missing_ok=True)
