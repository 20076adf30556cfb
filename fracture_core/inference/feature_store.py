"""Features of films that a network looked at before, in one file; they are never more than a saving of time."""

import contextlib
import os
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np


def load_features(path: Path) -> dict[str, np.ndarray]:
    """Features by key, as `save_features` wrote them; none where the file is missing or damaged, which costs another
    look.
    """
    try:
        # Opened here, for numpy leaves a file open that turns out to be none of its own.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            return dict(zip(kept["keys"].tolist(), kept["features"], strict=True))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return {}


def save_features(path: Path, known: Mapping[str, np.ndarray]) -> bool:
    """Writes features down; a reader sees the old ones or the new.

    Args:
        path: the file, made with its folder.
        known: features by key, at least one, all of one length.

    Returns:
        Whether they are there: a disk that refuses costs another look, nothing else.
    """
    # Ends as what `inference.image_cache` clears away where a process was killed in the middle.
    partial = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            np.savez(file, keys=np.array(list(known)), features=np.stack(list(known.values())))
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        return False
    return True
