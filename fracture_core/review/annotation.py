"""Mark: one word of a reviewer on one film."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from fracture_core.errors import DataError

#: The longest name and the longest note, in characters.
MAX_NAME_LENGTH, MAX_NOTE_LENGTH = 80, 1000


class Annotation(StrEnum):
    """What a reviewer may say of a film; the order is that of the keys 1 to 7."""

    LABEL_WRONG = "label wrong"
    SUBTLE = "subtle"
    ARTEFACT = "artefact"
    HARDWARE = "hardware"
    GROWTH_PLATE = "growth plate"
    POOR_FILM = "poor film"
    CORRECT = "correct"


#: Every mark, as text.
ANNOTATIONS = tuple(mark.value for mark in Annotation)


@dataclass(frozen=True)
class Review:
    """A mark as it stands.

    Attributes:
        case: id of the film, as the table of predictions and manifests spell it.
        mark: what the reviewer says.
        note: why, in the reviewer's words; may be empty.
        reviewer: by name.
        time: ISO date and time, UTC.

    Raises:
        DataError: it names no film or no reviewer, the mark is none, a text is too long or cannot be written, or
            the time is none.
    """

    case: str
    mark: str
    note: str
    reviewer: str
    time: str

    def __post_init__(self) -> None:
        if not self.case:
            raise DataError("Expected the id of a film, but got none: name the film.")
        if self.mark not in ANNOTATIONS:
            raise DataError(
                f"Expected one of the marks {', '.join(ANNOTATIONS)}, but got {self.mark[:80]!r}: choose one of these."
            )
        check_name(self.reviewer)
        if len(self.note) > MAX_NOTE_LENGTH:
            raise DataError(
                f"Expected a note of at most {MAX_NOTE_LENGTH:,} characters, but got {len(self.note):,}: shorten it."
            )
        for text in (self.case, self.note):
            _check_text(text)
        if not _is_time(self.time):
            raise DataError(
                f"Expected a time in UTC such as 2026-01-31T12:00:00+00:00, but got {self.time[:80]!r}: write it so."
            )

    @property
    def when(self) -> datetime:
        """The time to compare by; one moment can be written in several ways."""
        return datetime.fromisoformat(self.time)


def check_name(reviewer: str) -> None:
    """Check the name of a reviewer.

    Raises:
        DataError: it is empty, too long, has needless spaces or a character that cannot be written.
    """
    if not 0 < len(reviewer) <= MAX_NAME_LENGTH or reviewer != " ".join(reviewer.split()):
        raise DataError(
            f"Expected the name of a reviewer, at most {MAX_NAME_LENGTH} characters on one line, but got "
            f"{reviewer[:100]!r}: write it so."
        )
    _check_text(reviewer)


def _check_text(text: str) -> None:
    # SQLite ends a text at the first, and UTF-8 cannot write the others.
    if any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text):
        raise DataError(
            f"Expected plain text, but {text[:80]!r} holds a character that is none: leave it out."
        )


def current_time() -> str:
    """This moment, as `Review.time`."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).utcoffset() == timedelta(0)
    except ValueError:
        return False
