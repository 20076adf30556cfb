"""Threads that serve several users in turn, so that a large study does not delay the single image of another user."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from functools import cache
from typing import Any

_Task = tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]


class FairPool:
    """A pool of threads that takes one task of each client in turn.

    Args:
        workers: number of threads; they start with the first task.
    """

    def __init__(self, workers: int):
        self._workers = workers
        self._threads: list[threading.Thread] = []
        # Waiting tasks by client, the client whose turn is next first.
        self._waiting: OrderedDict[Hashable, deque[_Task]] = OrderedDict()
        self._changed = threading.Condition()

    def submit(self, client: Hashable, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run a function in a thread once it is the client's turn.

        Args:
            client: whose task it is. It is kept while the task waits.
            function: the task.
            arguments: its arguments.

        Returns:
            The future of its result; it can be cancelled while it waits.
        """
        future: Future[Any] = Future()
        with self._changed:
            self._waiting.setdefault(client, deque()).append((future, function, arguments))
            if len(self._threads) < self._workers:
                number = len(self._threads)
                self._threads.append(
                    threading.Thread(target=self._work, name=f"reader-{number}", daemon=True)
                )
                self._threads[-1].start()
            self._changed.notify()
        return future

    def forget_cancelled(self, client: Hashable) -> None:
        """Forget the cancelled tasks of a client, so that nothing keeps their arguments."""
        with self._changed:
            tasks = self._waiting.get(client, deque())
            cancelled = [task[0] for task in tasks if task[0].cancelled()]
            kept = deque(task for task in tasks if not task[0].cancelled())
            if kept:
                self._waiting[client] = kept
            else:
                self._waiting.pop(client, None)
        for future in cancelled:
            future.set_running_or_notify_cancel()  # otherwise `concurrent.futures.wait` would wait for it

    def clients_ahead(self, client: Hashable) -> int:
        """Return how many other clients have their turn before this one; 0 if it waits for nothing."""
        with self._changed:
            clients = [
                each for each, tasks in self._waiting.items() if any(not task[0].done() for task in tasks)
            ]
        return clients.index(client) if client in clients else 0

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                client, tasks = self._waiting.popitem(last=False)
                future, function, arguments = tasks.popleft()
                if tasks:
                    self._waiting[client] = tasks  # behind all others
                del client, tasks
            if future.set_running_or_notify_cancel():
                try:
                    result = function(*arguments)
                except BaseException as error:  # noqa: BLE001 - passed on to the caller, as executors do
                    future.set_exception(error)
                else:
                    future.set_result(result)
                    del result
            # Nothing of a finished task is kept while the thread waits.
            del future, function, arguments


@cache
def shared_pool() -> FairPool:
    """Return the pool of all studies of this process. Two threads: one image is decoded while another is predicted."""
    return FairPool(2)
