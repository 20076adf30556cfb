"""Meaning of the class and split names that datasets use."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from fracture_core.errors import DataError


class ClassMeaning(NamedTuple):
    """Meaning of a class name.

    Attributes:
        label: 0 or 1, index into `vocabulary.LABELS`.
        finding: a name of `vocabulary.FINDINGS`; "" if the name fits every finding, such as “normal”.
    """

    label: int
    finding: str


def _normalise(name: str) -> str:
    """Reduce a name to lower-case letters and digits."""
    return re.sub(r"[\W_]", "", name.casefold())


def _known_names() -> dict[str, ClassMeaning]:
    """Return the meaning of each known class name, by normalised name."""
    known = dict.fromkeys(
        ("normal", "normals", "negative", "neg", "healthy", "intact", "nofinding"), ClassMeaning(0, "")
    )
    negations = ("not", "non", "no", "un", "without", "isnot")
    for finding, terms in {
        "fracture": ("fracture", "fractures", "fractured", "broken", "bonefracture", "bonefractures"),
        "abnormality": ("abnormal", "abnormality", "abnormalities"),
    }.items():
        for term in terms:
            positive = (
                term,
                f"{term}positive",
                f"{term}pos",
                f"positive{term}",
                f"with{term}",
                f"{term}present",
            )
            negative = (
                *(f"{prefix}{term}" for prefix in negations),
                f"{term}negative",
                f"{term}neg",
                f"negative{term}",
                f"{term}free",
                f"{term}absent",
            )
            known.update(dict.fromkeys(positive, ClassMeaning(1, finding)))
            known.update(dict.fromkeys(negative, ClassMeaning(0, finding)))
    return known


_CLASS_MEANINGS = _known_names()

_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def class_meaning(name: str) -> ClassMeaning | None:
    """Look up a class name.

    Returns:
        Its meaning; None for an unknown name. “Positive” alone is unknown, because it names no finding.

    Example:
        >>> class_meaning("Non-fractured")
        ClassMeaning(label=0, finding='fracture')
        >>> class_meaning("hand") is None
        True
    """
    return _CLASS_MEANINGS.get(_normalise(name))


def finding_of_classes(names: Iterable[str]) -> str:
    """Determine the meaning of label 1 from all class names of a dataset.

    Returns:
        A name of `vocabulary.FINDINGS`; "fracture" if no class names a finding.

    Raises:
        DataError: If some classes name a fracture and others an abnormality.
    """
    by_finding: dict[str, str] = {}
    for name in names:
        meaning = class_meaning(name)
        if meaning and meaning.finding:
            by_finding.setdefault(meaning.finding, name)
    if len(by_finding) > 1:
        raise DataError(
            f"The classes {by_finding['fracture']!r} and {by_finding['abnormality']!r} name different findings: "
            "not every abnormality is a fracture. Keep only one of the two classes."
        )
    return next(iter(by_finding), "fracture")


def split_from_name(name: str) -> str | None:
    """Look up a split name; returns "train", "val", "test", or None for an unknown name."""
    return _SPLITS.get(name.strip().casefold())
