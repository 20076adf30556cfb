"""Work in a process of its own, which outlives the page that started it."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import psutil

#: The folder that holds the package, so that `-m fracture_core` is found from wherever the app was started.
_ROOT = Path(__file__).resolve().parents[1]

# Enough that pages answer while all cores work; where nothing else runs it costs the work nothing.
_NICENESS = 10


def launch(command: Sequence[str], log: Path) -> int:
    """Starts `python -m fracture_core` with a command, and returns at once.

    Args:
        command: its words.
        log: where its output is added.

    Returns:
        The number of the process.

    Raises:
        OSError: no process can be started, or the log cannot be written.
    """
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    with log.open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "fracture_core", *command],
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Neither closing the app with Ctrl-C nor its end reaches the work.
            start_new_session=True,
        )
    with contextlib.suppress(psutil.Error):
        # The child may be gone already; its log then says why. Its threads inherit the niceness.
        psutil.Process(child.pid).nice(_nice())
    # Without somebody who waits for it, a killed child stays as a zombie and looks alive.
    threading.Thread(target=child.wait, name=f"waits for {child.pid}", daemon=True).start()
    return child.pid


def started(pid: int) -> float:
    """When a process began, in seconds since the epoch; 0 where it is gone already."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return 0.0


def alive(pid: int, since: float) -> bool:
    """Whether the process of that number that began then is at work; numbers are given again.

    Args:
        pid: its number.
        since: when it began, see `started`.
    """
    try:
        process = psutil.Process(pid)
        # A dead process whose parent has not looked yet still has a number and a time.
        return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - since) < 1
    except psutil.NoSuchProcess:
        return False


def _nice() -> int:
    """Behind the pages, and never before the app itself."""
    if os.name != "posix":
        return int(getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", 0))
    return max(_NICENESS, psutil.Process().nice())
