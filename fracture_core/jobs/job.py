"""Work in a process of its own that a page starts, watches and cancels; its state lies in a folder."""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from fracture_core.file_names import escape_name
from fracture_core.io.atomic_write import write_atomically
from fracture_core.jobs import background
from fracture_core.jobs.progress import ProgressCallback

_STATE, _LOG = "state.json", "log.txt"

# Seconds in which a killed process is gone.
_ENDED = 5

# A page that polls needs no more.
_EVERY = 0.3


@dataclass(frozen=True)
class JobState:
    """Where a job stands.

    Attributes:
        status: "absent", "running", "finished", "failed" or "cancelled".
        what: what is being done, why it failed, or what came out.
        done: how much of it.
        every: of how much.
        data: the data set, as it was named.
    """

    status: str
    what: str = ""
    done: int = 0
    every: int = 0
    data: str = ""


class Job:
    """A folder with the state of one job.

    Args:
        folder: where; made when it is started.

    Attributes:
        name: what the job is called in sentences.
    """

    name = "work"

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def changed_at(self) -> float:
        """When its state last changed, in seconds since the epoch; 0 where there is none."""
        try:
            return (self.folder / _STATE).stat().st_mtime
        except OSError:
            return 0.0

    def cancel(self) -> None:
        """Ends the work; what is left of it each kind of job says."""
        raise NotImplementedError

    def forget(self) -> None:
        """Deletes state and results of a job that is not at work."""
        if self.state().status != "running":
            shutil.rmtree(self.folder, ignore_errors=True)

    def state(self) -> JobState:
        """Where it stands; a process that is gone without a word has failed."""
        raw = self._read_state()
        if not raw:
            return JobState("absent")
        known = {name: raw[name] for name in ("status", "what", "done", "every", "data")}
        if raw["status"] == "running" and not background.is_process_alive(raw["pid"], raw["since"]):
            if self._read_state() != raw:
                return self.state()
            return JobState("failed", self._failure_reason(), data=raw["data"])
        return JobState(**known)

    def _launch(self, command: Sequence[str], data: str) -> None:
        """Starts anew and returns at once; what was there before is deleted.

        Args:
            command: of `python -m fracture_core`, which takes the folder as `--job`.
            data: the data set, as it was named.

        Raises:
            OSError: no process can be started.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        pid = background.start_process([*command, "--job", str(self.folder.resolve())], self.folder / _LOG)
        self._write_state("running", "Starting", data=data, pid=pid)

    def _kill(self) -> bool:
        """Ends the process; says whether it was at work."""
        raw = self._read_state()
        if self.state().status != "running":
            return False
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(raw["pid"])
            process.kill()
            process.wait(_ENDED)  # until then it may still finish what it was writing
        return True

    def _progress_writer(self, data: str) -> ProgressCallback:
        """What takes the progress of the work in this process, and seldom writes it down."""
        last = 0.0

        def tell(what: str, done: int, every: int) -> None:
            nonlocal last
            if done >= every or time.monotonic() - last > _EVERY:
                last = time.monotonic()
                self._write_state("running", what, done, every, data, os.getpid())

        return tell

    def _write_state(
        self, status: str, what: str = "", done: int = 0, every: int = 0, data: str = "", pid: int = 0
    ) -> None:
        state = {"status": status, "what": what, "done": done, "every": every, "data": escape_name(data)}
        state |= {"pid": pid, "since": background.process_start_marker(pid) if pid else ""}
        write_atomically(self.folder / _STATE, json.dumps(state))

    def _read_state(self) -> dict[str, Any]:
        try:
            return json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def _failure_reason(self) -> str:
        """Why a process is gone that said nothing to its state."""
        try:
            lines = (self.folder / _LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            lines = []
        if not lines:
            return f"The {self.name} ended without a word, perhaps for lack of memory: start it again."
        return f"The {self.name} ended unexpectedly, its last words were “{lines[-1]}”: start it again."
