"""The background process: results, errors, and a new process after the old one died."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from fracture_core.errors import ModelError, SecondLookError
from fracture_core.jobs.worker_process import call_in_worker

_KEPT = []


def _refuse(text: str) -> None:
    raise ModelError(text)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _use_memory(megabytes: int) -> int:
    _KEPT.append(bytearray(megabytes << 20))
    return os.getpid()


def test_functions_run_in_one_other_process():
    first = call_in_worker(os.getpid)
    assert first != os.getpid()
    assert call_in_worker(os.getpid) == first
    assert call_in_worker(max, [1, 3, 2], default=0) == 3


def test_threads_share_the_process():
    with ThreadPoolExecutor(4) as threads:
        pids = set(threads.map(lambda _: call_in_worker(os.getpid), range(8)))
    assert pids == {call_in_worker(os.getpid)}


def test_errors_are_raised_here():
    with pytest.raises(ModelError, match="no layer"):
        call_in_worker(_refuse, "It has no layer.")


def test_dead_process_is_an_error_and_is_replaced():
    first = call_in_worker(os.getpid)
    with pytest.raises(SecondLookError, match="ended before it was done"):
        call_in_worker(_die)
    second = call_in_worker(os.getpid)
    assert second not in (first, os.getpid())


def test_process_may_grow():
    """TensorFlow adds hundreds of MB when it loads a network; the process is kept."""
    pids = {call_in_worker(_use_memory, 200) for _ in range(3)}
    assert len(pids) == 1
