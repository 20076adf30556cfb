"""What a film is called in what is saved: a number, for the name of a file may be that of a person."""

import re
from pathlib import PurePath


def display_name(name: str, number: int, keep: bool) -> str:
    """The film's name in a report.

    Args:
        name: of its file.
        number: its place in the study, from 1.
        keep: whether the user wants the file's name in what is saved.
    """
    return name if keep else f"Film {number}"


def file_stem(label: str) -> str:
    """A label as the beginning of a file name that every system takes: “Film 1” → “film-1”."""
    words = re.sub(r"[^\w.]+", "-", PurePath(label).stem.lower()).strip("-.")
    return words[:80] or "film"
