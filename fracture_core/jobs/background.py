"""Work in a process of its own, which outlives the page that started it."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import psutil

#: The folder that holds the package, so that `-m fracture_core` is found from wherever the app was started.
_ROOT = Path(__file__).resolve().parents[2]

# Enough that pages answer while all cores work; where nothing else runs it costs the work nothing.
_NICENESS = 10

# Linux. Ticks since a boot are given again after the next.
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def start_process(command: Sequence[str], log: Path) -> int:
    """Starts `python -m fracture_core` with a command, and returns at once.

    Args:
        command: its words.
        log: where its output is added.

    Returns:
        The number of the process.

    Raises:
        OSError: no process can be started, or the log cannot be written.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            _command_line(command),
            cwd=_ROOT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Neither closing the app with Ctrl-C nor its end reaches the work.
            start_new_session=True,
        )
    with contextlib.suppress(psutil.Error):
        # The child may be gone already; its log then says why. Its threads inherit the niceness.
        psutil.Process(child.pid).nice(_lower_priority())
    # Without somebody who waits for it, a killed child stays as a zombie and looks alive.
    threading.Thread(target=child.wait, name=f"waits for {child.pid}", daemon=True).start()
    return child.pid


def replace_process(command: Sequence[str]) -> NoReturn:
    """Has this process go on as `python -m fracture_core` with a command: same number, same output, same beginning.

    Only where the system is POSIX; elsewhere the number would be another.

    Args:
        command: its words.

    Raises:
        OSError: the system refuses.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, _command_line(command), _environment())


def process_start_marker(pid: int) -> str:
    """When a process began, in words that tell it from a later one with the same number; "" where it is gone.

    Counted from the boot of the computer where the system allows it: the time of day may be set while a process
    runs, and it would then seem to be another.
    """
    try:
        if not sys.platform.startswith("linux"):
            # There the system notes the time of day once, and keeps to it.
            return f"{psutil.Process(pid).create_time():.2f}"
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        # The 22nd field, in ticks; counted from behind the name, which may hold anything.
        ticks = stat.rpartition(")")[2].split()[19]
        return f"{_boot_id()} {ticks}"
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return ""


def _command_line(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "fracture_core", *command]


def _environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def _boot_id() -> str:
    """Which boot of the computer this is; "" where a container does not tell."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def is_process_alive(pid: int, since: str) -> bool:
    """Whether the process of that number that began then is at work; numbers are given again.

    Args:
        pid: its number.
        since: when it began, see `process_start_marker`.
    """
    try:
        # A dead process whose parent has not looked yet still has a number and a time.
        return (
            bool(since)
            and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
            and process_start_marker(pid) == since
        )
    except psutil.NoSuchProcess:
        return False


def _lower_priority() -> int:
    """Behind the pages, and never before the app itself."""
    if os.name != "posix":
        return int(getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", 0))
    return max(_NICENESS, psutil.Process().nice())
