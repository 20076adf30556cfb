"""Annotation and Review: the mark of one reviewer on one image."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from fracture_core.errors import DataError

# Not a separator of CSV files.
_TAG_SEPARATOR = " + "

#: Longest reviewer name and longest note, in characters.
MAX_NAME_LENGTH, MAX_NOTE_LENGTH = 80, 1000


class Annotation(StrEnum):
    """Marks that a reviewer can give an image, in the order of the keys 1 to 7."""

    LABEL_WRONG = "label wrong"
    SUBTLE = "subtle"
    ARTEFACT = "artefact"
    HARDWARE = "hardware"
    GROWTH_PLATE = "growth plate"
    POOR_FILM = "poor film"
    CORRECT = "correct"


#: All marks as text.
ANNOTATIONS = tuple(mark.value for mark in Annotation)

#: Marks that describe an image, of which several can apply beside the mark itself.
TAGS = tuple(mark for mark in ANNOTATIONS if mark not in (Annotation.LABEL_WRONG, Annotation.CORRECT))


@dataclass(frozen=True)
class Review:
    """The mark of one reviewer on one image.

    Attributes:
        case: case id, as in the predictions and manifests.
        mark: one of `ANNOTATIONS`.
        note: the reviewer's explanation; may be empty.
        reviewer: name of the reviewer.
        time: ISO 8601 date and time in UTC.
        tags: other marks that also apply, from `TAGS`, in their order.

    Raises:
        DataError: If case or reviewer is empty, the mark, a tag or the time is invalid, or a text is too long or
            contains characters that cannot be stored.
    """

    case: str
    mark: str
    note: str
    reviewer: str
    time: str
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.case:
            raise DataError("The id of the image is missing: enter the id.")
        if self.mark not in ANNOTATIONS:
            raise DataError(f"There is no mark {self.mark[:80]!r}: choose one of {', '.join(ANNOTATIONS)}.")
        for tag in self.tags:
            if tag not in TAGS:
                raise DataError(f"There is no tag {tag[:80]!r}: choose among {', '.join(TAGS)}.")
        check_name(self.reviewer)
        if len(self.note) > MAX_NOTE_LENGTH:
            raise DataError(
                f"A note has at most {MAX_NOTE_LENGTH:,} characters, but this one has {len(self.note):,}: shorten it."
            )
        for text in (self.case, self.note):
            _check_characters(text)
        if not _is_utc_time(self.time):
            raise DataError(
                f"{self.time[:80]!r} is not a time in UTC: write it like 2026-01-31T12:00:00+00:00."
            )

    @property
    def marks(self) -> tuple[str, ...]:
        """The mark and the tags."""
        return (self.mark, *self.tags)

    @property
    def when(self) -> datetime:
        """The time for comparisons; the same moment can be written in several ways."""
        return datetime.fromisoformat(self.time)


def sort_tags(tags: Iterable[str], mark: str) -> tuple[str, ...]:
    """Return tags without repetition in the order of `TAGS`; the mark itself is left out, unknown tags come last."""
    unique = dict.fromkeys(tag for tag in tags if tag != mark)
    return tuple(sorted(unique, key=lambda tag: TAGS.index(tag) if tag in TAGS else len(TAGS)))


def join_tags(tags: Iterable[str]) -> str:
    """Write tags as one text."""
    return _TAG_SEPARATOR.join(tags)


def split_tags(text: str) -> tuple[str, ...]:
    """Read tags that `join_tags` wrote."""
    return tuple(tag.strip() for tag in text.split(_TAG_SEPARATOR.strip()) if tag.strip())


def check_name(reviewer: str) -> None:
    """Check the name of a reviewer.

    Raises:
        DataError: If it is empty or too long, has extra spaces, or contains characters that cannot be stored.
    """
    if not 0 < len(reviewer) <= MAX_NAME_LENGTH or reviewer != " ".join(reviewer.split()):
        raise DataError(
            f"The reviewer name {reviewer[:100]!r} cannot be used: enter 1 to {MAX_NAME_LENGTH} characters on one "
            "line, without extra spaces."
        )
    _check_characters(reviewer)


def _check_characters(text: str) -> None:
    # SQLite truncates text at a null character, and UTF-8 cannot encode lone surrogates.
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
        raise DataError(f"{text[:80]!r} contains a character that cannot be stored: remove it.")


def current_time() -> str:
    """Return the current time in the format of `Review.time`."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _is_utc_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).utcoffset() == timedelta(0)
    except ValueError:
        return False
