"""The running decoder processes, which another thread can kill."""

import os
import subprocess
import threading
from collections.abc import Sequence

# The decoder of each thread that waits for one.
_running: dict[int, subprocess.Popen[bytes]] = {}


def run_decoder(command: Sequence[str], content: bytes, timeout: float) -> tuple[bytes, bytes, int]:
    """Run a decoder process.

    Args:
        command: its command line.
        content: its standard input.
        timeout: seconds after which it is killed.

    Returns:
        Its output, its error messages and its exit status.

    Raises:
        subprocess.TimeoutExpired: it took longer.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    thread = threading.get_ident()
    _running[thread] = process
    with process:
        try:
            output, errors = process.communicate(content, timeout=timeout)
        finally:
            _running.pop(thread, None)
            process.kill()
    return output, errors, process.returncode


def kill_decoder(thread: int) -> None:
    """Kill the decoder that a thread waits for, if it waits for one; decoding then fails.

    Args:
        thread: the identifier of the thread, see `threading.get_ident`.
    """
    process = _running.get(thread)
    if process is not None:
        process.kill()
