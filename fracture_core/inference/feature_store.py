"""Image features stored in one file. Losing the file costs only time."""

import contextlib
import os
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def load_features(path: Path) -> dict[str, NDArray[np.floating]]:
    """Load the features that `save_features` wrote.

    Args:
        path: File of the features.

    Returns:
        Features by key, float (channels,); empty if the file is missing or damaged.
    """
    try:
        # NumPy would leave a damaged file open, so it is opened here.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(zip(arrays["keys"].tolist(), arrays["features"], strict=True))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return {}


def save_features(path: Path, features: Mapping[str, NDArray[np.floating]]) -> bool:
    """Save features atomically.

    Args:
        path: File to write; its folder is created.
        features: Features by key, at least one, all of one length.

    Returns:
        Whether they were saved. A full disk is not an error, because features can be computed again.
    """
    # `inference.image_cache` deletes old files with this suffix, which a killed process leaves behind.
    partial = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            np.savez(file, keys=np.array(list(features)), features=np.stack(list(features.values())))
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        return False
    return True
