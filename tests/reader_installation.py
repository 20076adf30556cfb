"""An environment in which the packages that requirements-reader.txt leaves out cannot be imported."""

import os
from pathlib import Path

from fracture_core.installation import OPTIONAL_PACKAGES

# Python runs a module of this name at the start of every process.
_HIDE = f"""
import importlib.machinery

_find_spec = importlib.machinery.PathFinder.find_spec


def find_spec(name, path=None, target=None):
    return None if name.split(".")[0] in {set(OPTIONAL_PACKAGES)!r} else _find_spec(name, path, target)


importlib.machinery.PathFinder.find_spec = find_spec
"""


def reader_environment(folder: Path) -> dict[str, str]:
    """Environment variables for processes without these packages.

    Args:
        folder: an empty folder.
    """
    (folder / "sitecustomize.py").write_text(_HIDE)
    return {**os.environ, "PYTHONPATH": str(folder)}
