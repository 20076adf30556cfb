"""An audit in a process of its own, which a page starts, watches and cancels."""

import contextlib
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from fracture_core import background
from fracture_core.atomic import write_atomically
from fracture_core.data.audit.audit import audit
from fracture_core.data.audit.comparison import compare
from fracture_core.data.audit.html import to_html
from fracture_core.data.manifest import NAME, write_manifest
from fracture_core.errors import DataError, SecondLookError

_STATE, _REPORT, _PAGE, _LOG = "state.json", "audit.json", "report.html", "log.txt"

# Seconds in which a killed process is gone.
_ENDED = 5

# A page that polls needs no more.
_EVERY = 0.3


@dataclass(frozen=True)
class State:
    """Where an audit stands.

    Attributes:
        status: "absent", "running", "finished", "failed" or "cancelled".
        what: what is being done, why it failed, or the verdict.
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
    """A folder with the state and the results of one audit.

    Args:
        folder: where; made when the audit is started.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def page(self) -> Path:
        """The HTML page of a finished audit."""
        return self.folder / _PAGE

    @property
    def manifest(self) -> Path:
        """The mended split of a finished audit; missing where the set could not be mended."""
        return self.folder / NAME

    @property
    def changed(self) -> float:
        """When its state last changed, in seconds since the epoch; 0 where there is none."""
        try:
            return (self.folder / _STATE).stat().st_mtime
        except OSError:
            return 0.0

    def start(self, data: str, layout: str = "auto", seed: int = 0) -> None:
        """Starts anew and returns at once; what was there before is deleted.

        Raises:
            DataError: it is at work already, or no process can be started.
        """
        if self.state().status == "running":
            raise DataError(
                f"Expected no audit of {data} at work, but there is one: wait for it or cancel it."
            )
        command = [
            "audit",
            data,
            "--layout",
            layout,
            "--seed",
            str(seed),
            "--job",
            str(self.folder.resolve()),
        ]
        try:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            pid = background.launch(command, self.folder / _LOG)
        except OSError as error:
            raise DataError(
                f"Expected to start an audit, but the system said “{error.strerror}”: free memory or disk space and "
                "try again."
            ) from error
        self._set("running", what="Starting", data=data, pid=pid)

    def cancel(self) -> None:
        """Ends the audit; nothing of it is kept."""
        raw = self._raw()
        if self.state().status != "running":
            return
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(raw["pid"])
            process.kill()
            process.wait(_ENDED)  # until then it may still finish what it was writing
        for left in (self.page, self.manifest, self.folder / _REPORT):
            left.unlink(missing_ok=True)
        self._set("cancelled", what="The audit was cancelled.", data=raw["data"])

    def forget(self) -> None:
        """Deletes the results of an audit that is not at work."""
        if self.state().status != "running":
            shutil.rmtree(self.folder, ignore_errors=True)

    def state(self) -> State:
        """Where it stands; a process that is gone without a word has failed."""
        raw = self._raw()
        if not raw:
            return State("absent")
        known = {name: raw[name] for name in ("status", "what", "done", "every", "data")}
        if raw["status"] == "running" and not background.alive(raw["pid"], raw["since"]):
            if self._raw() != raw:
                return self.state()
            return State("failed", self._why(), data=raw["data"])
        return State(**known)

    def _why(self) -> str:
        """Why a process is gone that said nothing to its state."""
        try:
            lines = (self.folder / _LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            lines = []
        if not lines:
            return "The audit ended without a word, perhaps for lack of memory: start it again."
        return f"The audit ended unexpectedly, its last words were “{lines[-1]}”: start it again."

    def report(self) -> dict[str, Any]:
        """The results of a finished audit: `Audit.to_json`, with the comparison under "mended".

        Raises:
            DataError: there are none, or the file is damaged.
        """
        try:
            return json.loads((self.folder / _REPORT).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(
                f"Expected the results of an audit in {self.folder}, but they cannot be read: audit again."
            ) from error

    def work(self, data: Path, layout: str = "auto", seed: int = 0) -> int:
        """Does the audit in this process and leaves its results in the folder.

        Returns:
            0, or 1 where it failed; the state says why.
        """
        last = 0.0

        def tell(what: str, done: int, every: int) -> None:
            nonlocal last
            if done >= every or time.monotonic() - last > _EVERY:
                last = time.monotonic()
                self._set("running", what, done, every, str(data), os.getpid())

        self.folder.mkdir(parents=True, exist_ok=True)
        tell("Reading the tables of the data set", 0, 1)
        try:
            found = audit(data, layout, tell)
            report = found.to_json()
            tell("Mending the split", 0, 1)
            mended, report["mended"] = compare(found, seed)
            if mended is not None:
                write_manifest(self.manifest, mended.cases, found.catalogue.finding)
            tell("Writing the page", 0, 1)
            self.page.write_text(to_html(report), encoding="utf-8")
            write_atomically(self.folder / _REPORT, json.dumps(report))
        except SecondLookError as error:
            self._set("failed", str(error), data=str(data))
            return 1
        except OSError as error:
            why = (
                f"Expected to write the results of the audit to {self.folder}, but the system said "
                f"“{error.strerror}”: free disk space and audit again."
            )
            self._set("failed", why, data=str(data))
            return 1
        self._set("finished", report["verdict"], data=str(data))
        return 0

    def _set(
        self, status: str, what: str = "", done: int = 0, every: int = 0, data: str = "", pid: int = 0
    ) -> None:
        state = {"status": status, "what": what, "done": done, "every": every, "data": data}
        state |= {"pid": pid, "since": background.started(pid) if pid else 0.0}
        write_atomically(self.folder / _STATE, json.dumps(state))

    def _raw(self) -> dict[str, Any]:
        try:
            return json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
