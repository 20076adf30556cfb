"""The folders of films that were used on this computer, so that nobody has to type a path twice."""

import json
from pathlib import Path

from fracture_core.file_names import escape_name, resolve_name
from fracture_core.io.atomic_write import write_atomically

_NAME = ".folders.json"

#: So many are kept.
MAX_FOLDERS = 12


def recent_folders(root: Path) -> list[str]:
    """The folders and manifests that were used, the last first; those that are gone are left out.

    Args:
        root: where runs lie.
    """
    return [name for name in _all(root) if _exists(name)]


def remember_folder(root: Path, folder: str) -> None:
    """Puts a folder first. A disk that refuses forgets: nothing depends on it.

    Args:
        root: where runs lie.
        folder: its whole path; kept as `escape_name` gives it.
    """
    folder = escape_name(folder)
    known = _all(root)
    if known[:1] == [folder]:
        return
    kept = [folder, *(name for name in known if name != folder)][:MAX_FOLDERS]
    try:
        root.mkdir(parents=True, exist_ok=True)
        write_atomically(root / _NAME, json.dumps(kept))
    except OSError:
        return


def _all(root: Path) -> list[str]:
    try:
        known = json.loads((root / _NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [name for name in known if isinstance(name, str)] if isinstance(known, list) else []


def _exists(name: str) -> bool:
    try:
        return resolve_name(name).exists()
    except (OSError, ValueError):  # no rights, a name no file can have
        return False
