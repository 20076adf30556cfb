"""Finding: one thing an audit has to say."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How much a finding weighs; the value is the word shown to users."""

    FAULT = "fault"  # a result on this set, as it is, means nothing
    WARNING = "warning"  # a result needs a caveat, or some files need a look
    NOTE = "note"  # good to know
    GOOD = "good"  # looked for and not found


@dataclass(frozen=True)
class Finding:
    """One thing an audit has to say.

    Attributes:
        kind: a short name for programs, such as "exact_copies".
        level: how much it weighs.
        sentence: what was found, for a reader who knows nothing of the rest.
        advice: what to do about it; empty where there is nothing to do.
        count: how many files it is about.
        ids: those files, the first of them where there are many.
        details: one line for each instance, such as file and annotation id; empty where there is nothing to add.
    """

    kind: str
    level: Level
    sentence: str
    advice: str = ""
    count: int = 0
    ids: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The finding as plain JSON values."""
        return {
            "kind": self.kind,
            "level": self.level.value,
            "sentence": self.sentence,
            "advice": self.advice,
            "count": self.count,
            "ids": list(self.ids),
            "details": list(self.details),
        }
