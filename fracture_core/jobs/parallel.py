"""Parallel map over many items in threads, with results in order."""

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Items that one thread processes in a row. With single small images, switching threads would take longer than the work.
_BATCH = 16

# Batches submitted for each worker: no worker has to wait, and few results pile up.
_BATCHES_AHEAD = 3


def map_in_order(
    work: Callable[[Item], Result], items: Sequence[Item], at_once: int = _BATCH
) -> Generator[Result, None, None]:
    """Apply a function to many items in threads. Decoders and OpenCV release the interpreter lock.

    A caller that stops iterating, or is interrupted, leaves at most a few items in progress.

    Args:
        work: called once for each item.
        items: its arguments.
        at_once: items that one thread processes in a row; 1 where each takes long.

    Yields:
        The results in the order of the items.

    Example:
        >>> list(map_in_order(abs, [-2, 1, -3]))
        [2, 1, 3]
    """

    def process_batch(start: int) -> list[Result]:
        return [work(item) for item in items[start : start + at_once]]

    workers = os.cpu_count() or 1
    pool = ThreadPoolExecutor(workers)
    try:
        pending: deque[Future[list[Result]]] = deque()
        for start in range(0, len(items), at_once):
            pending.append(pool.submit(process_batch, start))
            if len(pending) >= workers * _BATCHES_AHEAD:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
