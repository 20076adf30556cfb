"""Jobs: work in a separate process that a page starts, watches and cancels. Its state is kept in a folder."""

import contextlib
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from fracture_core.errors import DataError
from fracture_core.file_names import escape_name
from fracture_core.jobs import background
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.jobs.state_file import STATE_NAME, StateFile

_LOG = "log.txt"

# Seconds to wait for a killed process to end.
_KILL_TIMEOUT = 5

# Least seconds between two writes of the progress; pages poll less often.
_WRITE_INTERVAL = 0.3


@dataclass(frozen=True)
class JobState:
    """The state of a job.

    Attributes:
        status: "absent", "running", "finished", "failed" or "cancelled".
        message: the current stage, the reason for the failure, or the result.
        done: number of items finished.
        total: number of items.
        data: the dataset, as the user named it.
    """

    status: str
    message: str = ""
    done: int = 0
    total: int = 0
    data: str = ""


class Job:
    """A folder with the state of one job.

    Args:
        folder: the folder; it is created when the job starts.

    Attributes:
        name: the name of the job in messages.
    """

    name = "work"

    def __init__(self, folder: Path):
        self.folder = folder
        self._state_file = StateFile(folder / STATE_NAME, "since")

    @property
    def changed_at(self) -> float:
        """Time of the last change of the state in seconds since the epoch; 0 if there is no state."""
        return self._state_file.changed_at

    def cancel(self) -> None:
        """End the work. Each subclass documents which results remain."""
        raise NotImplementedError

    def forget(self) -> None:
        """Delete state and results, unless the job is running."""
        if self.state().status != "running":
            shutil.rmtree(self.folder, ignore_errors=True)

    def state(self) -> JobState:
        """Return the current state; a running job whose process no longer exists has failed."""
        values = self._read_values()
        if not values:
            return JobState("absent")
        if values["status"] == "running" and not self._state_file.is_process_alive(values):
            if self._read_values() != values:  # the process wrote its last state meanwhile
                return self.state()
            return JobState("failed", self._failure_reason(), data=values["data"])
        return JobState(values["status"], values["what"], values["done"], values["every"], values["data"])

    def _start(self, command: Sequence[str], data: str, busy: str) -> None:
        """Start the job unless it is running; delete earlier results.

        Args:
            command: arguments of `python -m fracture_core`; the folder is added as `--job`.
            data: the dataset, as the user named it.
            busy: the error message if the job is running.

        Raises:
            DataError: the job is running, or no process can be started.
        """
        if self.state().status == "running":
            raise DataError(busy)
        try:
            self._launch(command, data)
        except OSError as error:
            raise DataError(
                f"The {self.name} could not be started ({error.strerror}). Free memory or disk space and try again."
            ) from error

    def _cancel(self, message: str) -> bool:
        """End the process and write the state; return whether the job was running."""
        data = self.state().data
        killed = self._kill()
        if killed:
            self._write_state("cancelled", message, data=data)
        return killed

    def _launch(self, command: Sequence[str], data: str) -> None:
        """Start the job in a new process; delete earlier results.

        Args:
            command: arguments of `python -m fracture_core`; the folder is added as `--job`.
            data: the dataset, as the user named it.

        Raises:
            OSError: the process cannot be started.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        pid = background.start_process([*command, "--job", str(self.folder.resolve())], self.folder / _LOG)
        self._write_state("running", "Starting", data=data, pid=pid)

    def _kill(self) -> bool:
        """End the process; return whether the job was running."""
        values = self._read_values()
        if self.state().status != "running":
            return False
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(values["pid"])
            process.kill()
            process.wait(_KILL_TIMEOUT)  # until then it may still write files
        return True

    def _progress_writer(self, data: str) -> ProgressCallback:
        """Return a callback that writes the progress of this process to the state, at most every 0.3 s."""
        last = 0.0

        def write_progress(stage: str, done: int, total: int) -> None:
            nonlocal last
            if done >= total or time.monotonic() - last > _WRITE_INTERVAL:
                last = time.monotonic()
                self._write_state("running", stage, done, total, data, pid=None)

        return write_progress

    def _write_state(
        self,
        status: str,
        message: str = "",
        done: int = 0,
        total: int = 0,
        data: str = "",
        pid: int | None = 0,
    ) -> None:
        """Write the state. The fields "what" and "every" keep the names that existing files have."""
        values = {"status": status, "what": message, "done": done, "every": total, "data": escape_name(data)}
        self._state_file.write(values, pid)

    def _read_values(self) -> dict[str, Any]:
        try:
            return self._state_file.read()
        except (OSError, ValueError):
            return {}

    def _failure_reason(self) -> str:
        """Explain why a process ended without writing a state."""
        try:
            lines = (self.folder / _LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            lines = []
        if not lines:
            return f"The {self.name} stopped without an error message, perhaps because memory ran out. Start it again."
        return f"The {self.name} stopped unexpectedly. Its last output was “{lines[-1]}”. Start it again."
