"""The type of progress callbacks."""

from collections.abc import Callable

#: Called with (stage, done, total): what is being done, how many items are finished, and how many there are. An
#: exception that the callback raises ends the work.
ProgressCallback = Callable[[str, int, int], None]


def ignore_progress(stage: str, done: int, total: int) -> None:
    """Do nothing: the progress callback for callers that show no progress."""
