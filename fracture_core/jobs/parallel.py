"""Many files at a time, results in order."""

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Items handed to a thread at once. One by one, threads would spend more time on taking turns than on small films.
_AT_ONCE = 16

# So many of these are under way for each worker: enough that none waits, few enough that results do not pile up.
_AHEAD = 3


def map_in_order(
    work: Callable[[Item], Result], items: Sequence[Item], at_once: int = _AT_ONCE
) -> Generator[Result, None, None]:
    """Applies a function to many items in threads; decoding and OpenCV let other threads run.

    A caller that stops asking, or is interrupted, leaves at most a few items under way.

    Args:
        work: called once an item.
        items: what to work on.
        at_once: items handed to a thread together; 1 where each takes long.

    Yields:
        The results in the order of the items.
    """

    def several(start: int) -> list[Result]:
        return [work(item) for item in items[start : start + at_once]]

    workers = os.cpu_count() or 1
    pool = ThreadPoolExecutor(workers)
    try:
        under_way: deque[Future[list[Result]]] = deque()
        for start in range(0, len(items), at_once):
            under_way.append(pool.submit(several, start))
            if len(under_way) >= workers * _AHEAD:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
