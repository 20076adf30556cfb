"""The building of an index in a process of its own, which a page starts, watches and cancels."""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from fracture_core import background
from fracture_core.atomic import write_atomically
from fracture_core.errors import DataError, SecondLookError

_STATE, _LOG = "state.json", "log.txt"

# Seconds in which a killed process is gone.
_ENDED = 5

# A page that polls needs no more.
_EVERY = 0.3


@dataclass(frozen=True)
class State:
    """Where the building stands.

    Attributes:
        status: "absent", "running", "finished" or "failed".
        what: what is being done, or why it failed.
        done: how much of it.
        every: of how much.
    """

    status: str
    what: str = ""
    done: int = 0
    every: int = 0


class Job:
    """A folder with the state of one building.

    Args:
        folder: where; made when it is started.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def start(self, model_id: str, data: Path) -> None:
        """Starts anew and returns at once.

        Raises:
            DataError: no process can be started.
        """
        command = ["models", "neighbours", model_id, "--data", str(data), "--job", str(self.folder.resolve())]
        try:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            pid = background.launch(command, self.folder / _LOG)
        except OSError as error:
            raise DataError(
                f"Expected to look at the training films, but the system said “{error.strerror}”: free memory or disk "
                "space and try again."
            ) from error
        self._set("running", "Starting", pid=pid)

    def cancel(self) -> None:
        """Ends the building; an index that was there before stays."""
        raw = self._raw()
        if self.state().status == "running":
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(raw["pid"])
                process.kill()
                process.wait(_ENDED)  # until then it may still write its state
        self.forget()

    def forget(self) -> None:
        """Deletes the state of a building that is not at work."""
        if self.state().status != "running":
            shutil.rmtree(self.folder, ignore_errors=True)

    def state(self) -> State:
        """Where it stands; a process that is gone without a word has failed."""
        raw = self._raw()
        if not raw:
            return State("absent")
        if raw["status"] == "running" and not background.alive(raw["pid"], raw["since"]):
            if self._raw() != raw:
                return self.state()
            return State(
                "failed", "The building ended without a word, perhaps for lack of memory: start it again."
            )
        return State(raw["status"], raw["what"], raw["done"], raw["every"])

    def work(self, build: Callable[[Callable[[str, int, int], None]], object]) -> int:
        """Builds in this process and keeps the state up to date.

        Args:
            build: called with what takes the progress.

        Returns:
            0, or 1 where it failed; the state says why.
        """
        last = 0.0

        def tell(what: str, done: int, every: int) -> None:
            nonlocal last
            if done >= every or time.monotonic() - last > _EVERY:
                last = time.monotonic()
                self._set("running", what, done, every, os.getpid())

        try:
            build(tell)
        except SecondLookError as error:
            self._set("failed", str(error))
            return 1
        self._set("finished")
        return 0

    def _set(self, status: str, what: str = "", done: int = 0, every: int = 0, pid: int = 0) -> None:
        state: dict[str, Any] = {"status": status, "what": what, "done": done, "every": every}
        state |= {"pid": pid, "since": background.started(pid) if pid else 0.0}
        write_atomically(self.folder / _STATE, json.dumps(state))

    def _raw(self) -> dict[str, Any]:
        try:
            return json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
