"""A background process for work that needs TensorFlow, so that the app stays small and starts fast.

The process starts with the first call and ends when idle. If it dies, the next call starts another one. All threads
share it: Loky's reusable executor would start one for each thread, and each visit of a page is a thread.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

from loky import BrokenProcessPool, ProcessPoolExecutor

from fracture_core.errors import SecondLookError
from fracture_core.installation import missing_package

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

#: Seconds without work after which the process ends.
IDLE_SECONDS = 600

# Loky ends a worker whose memory grows by 300 MB, as TensorFlow does when it loads a network.
_ENVIRONMENT = {"LOKY_MAX_MEMORY_LEAK_SIZE": "1e12", "TF_CPP_MIN_LOG_LEVEL": "3"}

_lock = threading.Lock()
_executor: ProcessPoolExecutor | None = None


def call_in_worker(
    function: Callable[Arguments, Result], *args: Arguments.args, **options: Arguments.kwargs
) -> Result:
    """Call a function in the background process and wait for its result.

    Args:
        function: A function at the top level of a module.
        *args: Arguments that can be pickled.
        **options: Keyword arguments that can be pickled.

    Returns:
        The result of the function.

    Raises:
        SecondLookError: The process ended before the function returned. Errors of the function are raised as they are.
        MissingPackageError: The function needs a package that is not installed.
    """
    try:
        return submit_to_worker(function, *args, **options).result()
    except BrokenProcessPool as error:
        raise SecondLookError(
            "The background process ended before it was done, perhaps because memory ran out: close other programs and "
            "try again."
        ) from error
    except ModuleNotFoundError as error:
        if missing := missing_package(error):
            raise missing from error
        raise


def submit_to_worker(
    function: Callable[Arguments, Result], *args: Arguments.args, **options: Arguments.kwargs
) -> "Future[Result]":
    """Start a function in the background process; see `call_in_worker`.

    Returns:
        The future result. Calls run one after the other.
    """
    global _executor
    with _lock:
        if _executor is not None:
            try:
                future: Future[Result] = _executor.submit(function, *args, **options)
            except BrokenProcessPool:
                pass  # the process ended after an earlier call, which has reported it
            else:
                return future
        _executor = ProcessPoolExecutor(max_workers=1, timeout=IDLE_SECONDS, env=_ENVIRONMENT)
        future = _executor.submit(function, *args, **options)
        return future
