"""The names that data sets give their classes and their splits, in any usual spelling."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from fracture_core.errors import DataError


class ClassMeaning(NamedTuple):
    """What the name of a class stands for.

    Attributes:
        label: 0 or 1, index into `vocabulary.LABELS`.
        finding: a name of `vocabulary.FINDINGS`; "" where the name fits each, such as “normal”.
    """

    label: int
    finding: str


def _plain(name: str) -> str:
    """A name in lower case with nothing but letters and digits."""
    return re.sub(r"[\W_]", "", name.casefold())


def _known_names() -> dict[str, ClassMeaning]:
    """Every known name of a class, as `_plain` gives it."""
    known = dict.fromkeys(
        ("normal", "normals", "negative", "neg", "healthy", "intact", "nofinding"), ClassMeaning(0, "")
    )
    no = ("not", "non", "no", "un", "without", "isnot")
    for finding, words in {
        "fracture": ("fracture", "fractures", "fractured", "broken", "bonefracture", "bonefractures"),
        "abnormality": ("abnormal", "abnormality", "abnormalities"),
    }.items():
        for word in words:
            has = (word, f"{word}positive", f"{word}pos", f"positive{word}", f"with{word}", f"{word}present")
            lacks = (
                *(f"{prefix}{word}" for prefix in no),
                f"{word}negative",
                f"{word}neg",
                f"negative{word}",
            )
            lacks += (f"{word}free", f"{word}absent")
            known.update(dict.fromkeys(has, ClassMeaning(1, finding)))
            known.update(dict.fromkeys(lacks, ClassMeaning(0, finding)))
    return known


_CLASSES = _known_names()

_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def class_meaning(name: str) -> ClassMeaning | None:
    """What a class's name stands for, None where it is not one of the known spellings.

    “Positive” alone is not known: it does not say of what.
    """
    return _CLASSES.get(_plain(name))


def finding_of_classes(names: Iterable[str]) -> str:
    """What label 1 means where these classes stand side by side.

    Raises:
        DataError: some name a fracture and some an abnormality.
    """
    named: dict[str, str] = {}
    for name in names:
        known = class_meaning(name)
        if known and known.finding:
            named.setdefault(known.finding, name)
    if len(named) > 1:
        raise DataError(
            f"Expected classes that tell either fractures or abnormal films from the others, but found "
            f"{named['fracture']!r} beside {named['abnormality']!r}, and not every abnormality is a fracture: keep one "
            "of the two."
        )
    return next(iter(named), "fracture")


def split_from_name(name: str) -> str | None:
    """The split that a name stands for: "train", "val", "test", or None."""
    return _SPLITS.get(name.strip().casefold())
