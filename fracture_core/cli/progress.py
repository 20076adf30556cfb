"""Progress on the terminal."""

import sys

from fracture_core.jobs.progress import ProgressCallback


def terminal_progress() -> ProgressCallback:
    """A line that moves on a terminal; in a log a line at the end of each step."""
    moving = sys.stderr.isatty()

    def progress(stage: str, done: int, total: int) -> None:
        if done >= total or (moving and done % 20 == 0):
            end = "\n" if done >= total else "\r"
            print(f"{stage}: {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)

    return progress
