"""Background processes that continue when the page that started them is closed."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import psutil

# The folder of the package: `-m fracture_core` is then found whatever the working directory of the app is.
_ROOT = Path(__file__).resolve().parents[2]

# Pages stay responsive while the work uses all cores. On an idle computer the work loses no speed.
_NICENESS = 10

# Linux only. Clock ticks since boot repeat after the next boot, so the identifier of the boot is needed as well.
_BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


def start_process(command: Sequence[str], log: Path) -> int:
    """Start `python -m fracture_core` with a command and return at once.

    Args:
        command: its arguments.
        log: the file to which its output is appended.

    Returns:
        The process number.

    Raises:
        OSError: the process cannot be started, or the log cannot be written.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            _command_line(command),
            cwd=_ROOT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the app's terminal, or the end of the app, must not end the work.
            start_new_session=True,
        )
    with contextlib.suppress(psutil.Error):
        # The child may have ended already; the log then contains the reason. Its threads inherit the niceness.
        psutil.Process(child.pid).nice(_lower_priority())
    # A killed child stays a zombie, and seems alive, until its parent waits for it.
    threading.Thread(target=child.wait, name=f"waits for {child.pid}", daemon=True).start()
    return child.pid


def replace_process(command: Sequence[str]) -> NoReturn:
    """Replace this process by `python -m fracture_core` with a command.

    Process number, output and start time stay the same. Available on POSIX only.

    Args:
        command: its arguments.

    Raises:
        OSError: the system refuses.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, _command_line(command), _environment())


def process_start_marker(pid: int) -> str:
    """Return a text that distinguishes a process from a later one with the same number.

    On Linux it is the start time in clock ticks since boot. The time of day may be changed while a process runs, and
    the process would then seem to be another one.

    Args:
        pid: the process number.

    Returns:
        The marker, or "" if the process does not exist.

    Example:
        >>> process_start_marker(os.getpid()) == process_start_marker(os.getpid())
        True
    """
    try:
        if not sys.platform.startswith("linux"):
            # Other systems record the time of day once and do not change it.
            return f"{psutil.Process(pid).create_time():.2f}"
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        # The 22nd field, in ticks; counted from the end of the name, which may contain any character.
        ticks = stat.rpartition(")")[2].split()[19]
        return f"{_boot_id()} {ticks}"
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return ""


def is_process_alive(pid: int, start_marker: str) -> bool:
    """Whether a process is running. Process numbers are reused, so the start marker is compared too.

    Args:
        pid: the process number.
        start_marker: what `process_start_marker` returned for it; "" for none.
    """
    try:
        # A dead process whose parent has not waited for it still has a number and a start time.
        return (
            bool(start_marker)
            and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
            and process_start_marker(pid) == start_marker
        )
    except psutil.NoSuchProcess:
        return False


def _command_line(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "fracture_core", *command]


def _environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def _boot_id() -> str:
    """Identifier of the current boot; "" in containers that hide it."""
    try:
        return _BOOT_ID_FILE.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _lower_priority() -> int:
    """Below the pages, and never above the app itself."""
    if os.name != "posix":
        return int(getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", 0))
    return max(_NICENESS, psutil.Process().nice())
