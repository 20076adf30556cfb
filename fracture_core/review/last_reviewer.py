"""The reviewer's name, remembered for each user of this computer."""

import getpass
import json
from pathlib import Path

from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import parse_json
from fracture_core.review.annotation import MAX_NAME_LENGTH

_NAME = ".reviewers.json"


def last_reviewer(root: Path) -> str:
    """Return the name that the current user of this computer gave last; "" if there is none.

    Args:
        root: folder of the runs.
    """
    return _read(root).get(_user(), "")[:MAX_NAME_LENGTH]


def remember_reviewer(root: Path, name: str) -> None:
    """Remember the name of the current user. Write errors are ignored, because nothing depends on it.

    Args:
        root: folder of the runs.
        name: the name; "" forgets it.
    """
    names = _read(root)
    if names.get(_user(), "") == name:
        return
    names[_user()] = name
    try:
        root.mkdir(parents=True, exist_ok=True)
        write_atomically(root / _NAME, json.dumps(names))
    except OSError:
        return


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without an entry for its user
        return ""


def _read(root: Path) -> dict[str, str]:
    try:
        known = parse_json((root / _NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {user: name for user, name in known.items() if isinstance(name, str)}
