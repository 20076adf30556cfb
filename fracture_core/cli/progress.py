"""Progress on the terminal."""

import sys
from collections.abc import Callable


def terminal_progress() -> Callable[[str, int, int], None]:
    """A line that moves on a terminal; in a log a line at the end of each step."""
    moving = sys.stderr.isatty()

    def tell(what: str, done: int, every: int) -> None:
        if done >= every or (moving and done % 20 == 0):
            end = "\n" if done >= every else "\r"
            print(f"{what}: {done:,} of {every:,}", end=end, file=sys.stderr, flush=True)

    return tell
