"""Recently used dataset folders on this computer."""

import json
from pathlib import Path

from fracture_core.file_names import escape_name, resolve_name
from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import parse_json

_NAME = ".folders.json"

#: Number of folders that are remembered.
MAX_FOLDERS = 12


def recent_folders(root: Path) -> list[str]:
    """List the recent folders and manifests that still exist, most recent first.

    Args:
        root: folder of the runs.
    """
    return [name for name in _read(root) if _exists(name)]


def remember_folder(root: Path, folder: str) -> None:
    """Put a folder first in the list. Write errors are ignored, because nothing depends on the list.

    Args:
        root: folder of the runs.
        folder: absolute path of the dataset; stored as `escape_name` returns it.
    """
    folder = escape_name(folder)
    known = _read(root)
    if known[:1] == [folder]:
        return
    recent = [folder, *(name for name in known if name != folder)][:MAX_FOLDERS]
    try:
        root.mkdir(parents=True, exist_ok=True)
        write_atomically(root / _NAME, json.dumps(recent))
    except OSError:
        return


def _read(root: Path) -> list[str]:
    try:
        known = parse_json((root / _NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [name for name in known if isinstance(name, str)] if isinstance(known, list) else []


def _exists(name: str) -> bool:
    try:
        return resolve_name(name).exists()
    except (OSError, ValueError):  # missing permissions, or an impossible file name
        return False
