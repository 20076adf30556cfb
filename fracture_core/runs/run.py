"""A run: one training, as a folder that survives whatever happens to the process."""

import contextlib
import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fracture_core.errors import TrainingError
from fracture_core.jobs.state_file import STATE_NAME, StateFile
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.steps import StepHistory

#: States in which a process is at work on the run.
ACTIVE_STATUSES = frozenset({"starting", "running", "evaluating"})

_CONFIG = "config.json"

# Less free memory than this share of what process and computer have left, and the next step may not fit.
_SCARCE = 0.1

# A folder with one of these is a run, or what is left of one.
_MARKS = (_CONFIG, STATE_NAME)


def check_run_name(name: str) -> str:
    """A name that a run's folder can have.

    Raises:
        TrainingError: it cannot.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise TrainingError(
            f"Expected a run name of letters, digits, dots, dashes and underscores, but got {name!r}: "
            "choose another."
        )
    return name


@dataclass(frozen=True)
class RunState:
    """Where a run stands.

    Attributes:
        status: "new", "starting", "running", "evaluating", "finished", "stopped", "failed" or, for a run
            whose process is gone without a word, "interrupted".
        message: one sentence for the user, "" where there is nothing to say.
        pid: process that works on it, 0 for none.
        pid_started: when that process was created, see `background.process_start_marker`; tells it from a later one
            with the same number.
        updated: seconds since 1970.
    """

    status: str
    message: str = ""
    pid: int = 0
    pid_started: str = ""
    updated: float = 0.0


class Run:
    """The folder of one training.

    config.json     what was asked for
    state.json      where it stands
    progress.jsonl  one line an epoch, and one a trial of a search
    steps.json      the last report of a step, and curves of bounded size
    tensorboard/    the same for TensorBoard
    checkpoints/    the last completed epoch, with optimizer and best weights
    log.txt         what the process printed
    result/         the trained model, ready for the registry
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._state_file = StateFile(folder / STATE_NAME, "pid_started")
        self._watcher: Callable[[dict[str, Any]], None] | None = None

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints lie."""
        return self.folder / "checkpoints"

    @property
    def result(self) -> Path:
        """Where the finished model lies, in the registry's form."""
        return self.folder / "result"

    @property
    def steps(self) -> Path:
        """What is known step by step; see `training.steps.Steps`."""
        return self.folder / "steps.json"

    @property
    def events(self) -> Path:
        """What TensorBoard reads."""
        return self.folder / "tensorboard"

    @property
    def log(self) -> Path:
        """What the process printed."""
        return self.folder / "log.txt"

    @property
    def is_complete(self) -> bool:
        """Whether its settings are there; without them a folder is a rest that can only be deleted."""
        return (self.folder / _CONFIG).is_file()

    @classmethod
    def create(cls, root: Path, name: str, config: TrainingConfig) -> "Run":
        """Makes the folder of a new run.

        Raises:
            TrainingError: the name is taken or not fit for a folder, or the disk refuses.
        """
        run = cls(root / check_run_name(name))
        try:
            run.folder.mkdir(parents=True)
        except FileExistsError:
            raise TrainingError(
                f"Expected a new run, but {name} exists already: continue it with --resume, or choose "
                "another name."
            ) from None
        except OSError as error:
            raise TrainingError(
                f"Expected to write runs to {root}, but the disk said “{error.strerror}”: choose another folder."
            ) from error
        try:
            config.save(run.folder / _CONFIG)
        except OSError as error:
            # A folder without settings would keep the name taken.
            shutil.rmtree(run.folder, ignore_errors=True)
            raise TrainingError(
                f"Expected to write {name} to {root}, but the disk said “{error.strerror}”: free some space and try "
                "again."
            ) from error
        return run

    @classmethod
    def open(cls, root: Path, name: str) -> "Run":
        """An existing run, or what is left of one.

        Raises:
            TrainingError: there is none of that name.
        """
        run = cls(root / name)
        if name.startswith(".") or not any((run.folder / mark).is_file() for mark in _MARKS):
            raise TrainingError(f"Expected a run named {name} in {root}, but there is none: check the name.")
        return run

    @classmethod
    def all(cls, root: Path) -> list["Run"]:
        """Every run, the newest first, and what is left of runs whose folder lost its settings."""
        made: dict[Path, float] = {}
        for mark in reversed(_MARKS):
            for path in root.glob(f"*/{mark}"):
                # Hidden ones are being deleted, and may be gone before they are looked at.
                with contextlib.suppress(OSError):
                    if not path.parent.name.startswith("."):
                        made[path.parent] = path.stat().st_mtime
        return [cls(folder) for folder in sorted(made, key=made.__getitem__, reverse=True)]

    def config(self) -> TrainingConfig:
        """What was asked for."""
        return TrainingConfig.load(self.folder / _CONFIG)

    def state(self) -> RunState:
        """Where the run stands now; a dead process shows as "interrupted"."""
        try:
            values = self._state_file.read()
            state = RunState(**values)
        except FileNotFoundError:
            return RunState("new", "The run was never started.")
        except (ValueError, TypeError):
            return RunState("interrupted", "The state of the run cannot be read: resume it.")
        if state.status in ACTIVE_STATUSES and not self._state_file.is_process_alive(values):
            return RunState("interrupted", self._vanished(), updated=state.updated)
        return state

    def _vanished(self) -> str:
        """What to say of a process that is gone without a word."""
        now = StepHistory.load(self.steps).now
        if now is not None and now.memory_free < _SCARCE * (now.memory_free + now.memory):
            return (
                f"The training process ended without a word; it held {now.memory / 1e9:.1f} GB of memory and "
                f"{now.memory_free / 1e9:.1f} GB were free, so that memory probably ran out: close other programs and "
                "resume it, or clone it with a smaller batch or input size."
            )
        return (
            "The training process ended without a word (stopped from outside, or out of memory): resume it; at most "
            "one epoch is lost."
        )

    def check_unfinished(self) -> None:
        """Refuses to work on a run further whose test split has been opened.

        Raises:
            TrainingError: the run is finished.
        """
        if self.state().status == "finished":
            raise TrainingError(
                f"Expected an unfinished run, but {self.name} is finished and its test split has been opened: start "
                "a new run to train further."
            )

    def set_state(self, status: str, message: str = "", pid: int | None = None) -> None:
        """Writes where the run stands, atomically, on behalf of this process or of `pid`; 0 for no process."""
        self._state_file.write({"status": status, "message": message, "updated": time.time()}, pid)

    def add_watcher(self, watcher: Callable[[dict[str, Any]], None]) -> None:
        """Has each line of progress and each report of a step that this process writes shown to somebody."""
        self._watcher = watcher

    def write_progress(self, **values: Any) -> None:
        """Adds one line to the progress."""
        if self._watcher is not None:
            self._watcher(values)
        with (self.folder / "progress.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")

    def write_steps(self, known: StepHistory) -> None:
        """Writes what is known step by step, in place of what was known before."""
        if self._watcher is not None and known.now is not None:
            self._watcher({"kind": "step", **asdict(known.now)})
        known.save(self.steps)

    def progress(self) -> list[dict[str, Any]]:
        """Every line of the progress so far; a line still being written is left for the next look."""
        try:
            text = (self.folder / "progress.jsonl").read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        lines = []
        for line in text.splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                continue
        return lines

    def epochs(self) -> list[dict[str, Any]]:
        """The last report of each completed epoch, in order."""
        latest = {line["epoch"]: line for line in self.progress() if line.get("kind") == "epoch"}
        return [latest[number] for number in sorted(latest)]

    def request_stop(self) -> None:
        """Asks the process to stop at the next step."""
        (self.folder / "stop").touch()

    def is_stop_requested(self) -> bool:
        """Whether somebody asked the run to stop."""
        return (self.folder / "stop").exists()

    def clear_stop_request(self) -> None:
        """Forgets a request to stop, at the start of a process."""
        (self.folder / "stop").unlink(missing_ok=True)
