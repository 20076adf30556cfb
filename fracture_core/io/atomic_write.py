"""Atomic file writes."""

import contextlib
import os
import threading
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Replace the content of a file. Readers see the old text or the new one, never a part.

    Args:
        path: the file; its folder exists.
        text: written as UTF-8.

    Raises:
        OSError: the file cannot be written; it is unchanged, and nothing else is left.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
