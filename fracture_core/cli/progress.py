"""Progress messages on standard error."""

import sys

from fracture_core.jobs.progress import ProgressCallback


def terminal_progress() -> ProgressCallback:
    """Return a callback that updates one line on a terminal, and writes one line per stage to a log file."""
    interactive = sys.stderr.isatty()

    def report(stage: str, done: int, total: int) -> None:
        if done >= total or (interactive and done % 20 == 0):
            end = "\n" if done >= total else "\r"
            print(f"{stage}: {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)

    return report


def download_progress() -> ProgressCallback:
    """Return a callback for downloads that reports each percent, or each ten percent in a log file."""
    step = 1 if sys.stderr.isatty() else 10
    reported = -step

    def report(stage: str, done: int, total: int) -> None:
        nonlocal reported
        percent = 100 * done // total if total else 100
        if percent >= reported + step or percent < reported:
            reported = percent - percent % step
            end = "\r" if step == 1 and done < total else "\n"
            print(f"{stage}: {percent:3d}% of {total / 1e6:,.1f} MB", file=sys.stderr, end=end, flush=True)

    return report


def drawing_progress(stage: str, done: int, total: int) -> None:
    """Report every fiftieth synthetic image, and the last one."""
    if done == total or done % 50 == 0:
        print(f"{stage}: {done} of {total}", file=sys.stderr, flush=True)
