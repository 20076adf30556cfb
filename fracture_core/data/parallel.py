"""Many files at a time, results in order."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Items handed to a thread at once. One by one, threads would spend more time on taking turns than on small films.
_AT_ONCE = 16

# So many of these are under way for each worker: enough that none waits, few enough that results do not pile up.
_AHEAD = 3


def in_order(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Applies a function to many items in threads; decoding and OpenCV let other threads run.

    A caller that stops asking, or is interrupted, leaves at most a few items under way.

    Args:
        work: called once an item.
        items: what to work on.

    Yields:
        The results in the order of the items.
    """

    def several(start: int) -> list[Result]:
        return [work(item) for item in items[start : start + _AT_ONCE]]

    workers = os.cpu_count() or 1
    pool = ThreadPoolExecutor(workers)
    try:
        under_way: deque[Future[list[Result]]] = deque()
        for start in range(0, len(items), _AT_ONCE):
            under_way.append(pool.submit(several, start))
            if len(under_way) >= workers * _AHEAD:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
