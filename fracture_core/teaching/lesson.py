"""Lesson: the images of one teaching file, with a name, notes and an order."""

from dataclasses import dataclass, replace

from fracture_core.errors import DataError

#: Longest name and note, in characters, and most images of one lesson.
MAX_LESSON_NAME_LENGTH, MAX_LESSON_NOTE_LENGTH, MAX_ENTRIES = 80, 500, 60


@dataclass(frozen=True)
class LessonEntry:
    """One image of a lesson.

    Attributes:
        case: id of the case in the model's dataset.
        note: the teacher's note, shown with the answer; may be empty.
    """

    case: str
    note: str = ""


@dataclass(frozen=True)
class Lesson:
    """An ordered selection of images from one model's test record. Every method returns a changed copy.

    Attributes:
        name: given by the teacher.
        entries: the images in order of presentation; each case occurs once.

    Raises:
        DataError: If the name is empty or too long, a note is too long, or there are too many images.

    Example:
        >>> lesson = Lesson("Wrists").with_cases(("a", "b", "a")).with_note("b", "Look at the ulna.")
        >>> lesson.with_case_moved("b", -1).cases
        ('b', 'a')
    """

    name: str
    entries: tuple[LessonEntry, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= MAX_LESSON_NAME_LENGTH or self.name != " ".join(self.name.split()):
            raise DataError(
                f"The name {self.name[:100]!r} cannot be used: enter 1 to {MAX_LESSON_NAME_LENGTH} characters on one "
                "line, without extra spaces."
            )
        if len(self.entries) > MAX_ENTRIES:
            raise DataError(
                f"A teaching file holds at most {MAX_ENTRIES} images, but this one would have {len(self.entries)}: "
                "start another teaching file."
            )
        for entry in self.entries:
            if len(entry.note) > MAX_LESSON_NOTE_LENGTH:
                raise DataError(
                    f"A note has at most {MAX_LESSON_NOTE_LENGTH} characters, but this one has {len(entry.note)}: "
                    "shorten it."
                )

    @property
    def cases(self) -> tuple[str, ...]:
        """Case ids in order."""
        return tuple(entry.case for entry in self.entries)

    def with_case_toggled(self, case: str) -> "Lesson":
        """Remove the case if the lesson contains it, otherwise append it."""
        if case in self.cases:
            return replace(self, entries=tuple(entry for entry in self.entries if entry.case != case))
        return replace(self, entries=(*self.entries, LessonEntry(case)))

    def with_cases(self, cases: tuple[str, ...]) -> "Lesson":
        """Append the cases that the lesson does not contain yet."""
        new = dict.fromkeys(case for case in cases if case not in self.cases)
        return replace(self, entries=(*self.entries, *map(LessonEntry, new)))

    def with_case_moved(self, case: str, by: int) -> "Lesson":
        """Move a case within the order.

        Args:
            case: the case id. The lesson is returned unchanged if another user has removed the case.
            by: number of positions; positive moves towards the end. Clipped at both ends.
        """
        if case not in self.cases:
            return self
        entries = list(self.entries)
        position = self.cases.index(case)
        entry = entries.pop(position)
        entries.insert(min(max(position + by, 0), len(entries)), entry)
        return replace(self, entries=tuple(entries))

    def with_note(self, case: str, note: str) -> "Lesson":
        """Replace the note of a case."""
        return replace(
            self,
            entries=tuple(
                replace(entry, note=note.strip()) if entry.case == case else entry for entry in self.entries
            ),
        )
