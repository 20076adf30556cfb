"""Files that are never seen half written."""

import os
import threading
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Replaces a file so that a reader sees the old text or the new, never a part."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
