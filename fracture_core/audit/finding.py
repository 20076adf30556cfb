"""One finding of an audit and its severity."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """Severity of a finding, most severe first. The value is shown to users."""

    FAULT = "fault"  # scores on this dataset are invalid
    WARNING = "warning"  # scores need a caveat, or some files need a check
    NOTE = "note"  # for information
    GOOD = "good"  # a check that found no problem


@dataclass(frozen=True)
class Finding:
    """One finding of an audit.

    Attributes:
        kind: identifier for programs, such as "exact_copies".
        level: severity.
        sentence: what was found, number first, understandable without the other findings.
        advice: what to do; empty if nothing needs to be done.
        count: number of files concerned.
        ids: ids of the first of these files.
        details: one line per instance, such as file and annotation id; may be empty.
    """

    kind: str
    level: Level
    sentence: str
    advice: str = ""
    count: int = 0
    ids: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON-serialisable values."""
        return {
            "kind": self.kind,
            "level": self.level.value,
            "sentence": self.sentence,
            "advice": self.advice,
            "count": self.count,
            "ids": list(self.ids),
            "details": list(self.details),
        }
