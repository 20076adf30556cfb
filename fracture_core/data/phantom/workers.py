"""Processes that draw beside this one, and that end with it whatever happens."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process


@contextmanager
def workers(count: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of fresh processes; leaving it early drops what is not yet begun.

    Spawned, not forked: the app that asks for them runs threads, which a fork would freeze.

    Args:
        count: how many processes.
    """
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_begin)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    # Ctrl-C reaches every process of a terminal; the one that the user started decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
