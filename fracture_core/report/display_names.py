"""Names of images in saved results. By default a number, because a file name may contain the name of a patient."""

import re
from pathlib import PurePath


def display_name(name: str, number: int, keep: bool) -> str:
    """Return the name of an image in a report.

    Args:
        name: name of its file.
        number: position in the study, from 1.
        keep: whether the user wants file names in saved results.

    Example:
        >>> display_name("doe_jane.dcm", 3, keep=False)
        'Film 3'
    """
    return name if keep else f"Film {number}"


def file_stem(label: str) -> str:
    """Turn a label into the start of a file name that every operating system accepts.

    Example:
        >>> file_stem("Film 1")
        'film-1'
    """
    stem = re.sub(r"[^\w.]+", "-", PurePath(label).stem.lower()).strip("-.")
    return stem[:80] or "film"
