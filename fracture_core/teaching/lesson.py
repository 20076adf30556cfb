"""Collection: the films of one teaching file, named and in order."""

from dataclasses import dataclass, replace

from fracture_core.errors import DataError

#: The longest name and note, in characters, and films that one lesson can hold.
MAX_LESSON_NAME_LENGTH, MAX_LESSON_NOTE_LENGTH, MAX_ENTRIES = 80, 500, 60


@dataclass(frozen=True)
class LessonEntry:
    """One film.

    Attributes:
        case: its id in the data set of the model.
        note: what the teacher says of it at the end; may be empty.
    """

    case: str
    note: str = ""


@dataclass(frozen=True)
class Lesson:
    """Films of one model's record.

    Attributes:
        name: as the teacher gave it.
        entries: in the order in which they are shown; each film once.

    Raises:
        DataError: the name is empty or too long, a note is, or there are too many films.
    """

    name: str
    entries: tuple[LessonEntry, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= MAX_LESSON_NAME_LENGTH or self.name != " ".join(self.name.split()):
            raise DataError(
                f"Expected a name of at most {MAX_LESSON_NAME_LENGTH} characters on one line, but got "
                f"{self.name[:100]!r}: "
                "write it so."
            )
        if len(self.entries) > MAX_ENTRIES:
            raise DataError(
                f"Expected at most {MAX_ENTRIES} films in a teaching file, but got {len(self.entries)}: begin another."
            )
        for entry in self.entries:
            if len(entry.note) > MAX_LESSON_NOTE_LENGTH:
                raise DataError(
                    f"Expected a note of at most {MAX_LESSON_NOTE_LENGTH} characters, but got {len(entry.note)}: "
                    f"shorten it."
                )

    @property
    def cases(self) -> tuple[str, ...]:
        """Ids of its films, in order."""
        return tuple(entry.case for entry in self.entries)

    def with_case_toggled(self, case: str) -> "Lesson":
        """With the film at the end, or without it where it was there."""
        if case in self.cases:
            return replace(self, entries=tuple(entry for entry in self.entries if entry.case != case))
        return replace(self, entries=(*self.entries, LessonEntry(case)))

    def with_cases(self, cases: tuple[str, ...]) -> "Lesson":
        """With those films at the end that are not there yet."""
        new = dict.fromkeys(case for case in cases if case not in self.cases)
        return replace(self, entries=(*self.entries, *map(LessonEntry, new)))

    def with_case_moved(self, case: str, by: int) -> "Lesson":
        """With a film some places later, or earlier where `by` is negative; at the ends it stays there.

        A film that is not there, because somebody else took it out meanwhile, is left out.
        """
        if case not in self.cases:
            return self
        entries = list(self.entries)
        at = self.cases.index(case)
        entry = entries.pop(at)
        entries.insert(min(max(at + by, 0), len(entries)), entry)
        return replace(self, entries=tuple(entries))

    def with_note(self, case: str, note: str) -> "Lesson":
        """With another note on a film."""
        return replace(
            self,
            entries=tuple(
                replace(entry, note=note.strip()) if entry.case == case else entry for entry in self.entries
            ),
        )
