"""ReviewStore: the reviews of a model's images on disk, safe for concurrent writers."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from fracture_core import paths
from fracture_core.errors import DataError
from fracture_core.review import database
from fracture_core.review.annotation import Review, check_name, current_time, join_tags, sort_tags, split_tags

# The current mark of each reviewer on each image: the latest one that was not revoked.
_CURRENT = """
SELECT case_id, mark, note, reviewer, time, {tags}, MAX(number) FROM events
WHERE mark IS NOT NULL AND number NOT IN (SELECT undoes FROM events WHERE undoes IS NOT NULL)
GROUP BY case_id, reviewer ORDER BY case_id, reviewer
"""
_LAST = """
SELECT MAX(number), case_id FROM events
WHERE mark IS NOT NULL AND reviewer = ? AND (? = '' OR case_id = ?)
AND number NOT IN (SELECT undoes FROM events WHERE undoes IS NOT NULL)
"""
# All marks of a reviewer that were not revoked, including replaced ones.
_NOT_REVOKED = """
SELECT number, case_id, mark, note, reviewer, time, tags FROM events
WHERE mark IS NOT NULL AND reviewer = ?
AND number NOT IN (SELECT undoes FROM events WHERE undoes IS NOT NULL)
ORDER BY number
"""
_TABLE_EXISTS = "SELECT 1 FROM sqlite_master WHERE name = 'events'"
_INSERT = (
    "INSERT INTO events (time, reviewer, case_id, mark, note, undoes, tags) VALUES (?, ?, ?, ?, ?, ?, ?)"
)


class ImportResult(NamedTuple):
    """Numbers of imported and skipped reviews.

    Attributes:
        added: reviews that were added.
        known: reviews that were present already.
        older: reviews that were skipped, because the same reviewer has marked the image again since.
    """

    added: int
    known: int
    older: int

    @property
    def sentence(self) -> str:
        """Summary in words."""
        return (
            f"Imported reviews: {self.added:,}. Already present: {self.known:,}. "
            f"Skipped because a later review is present: {self.older:,}."
        )


class RenameResult(NamedTuple):
    """Changes made by renaming a reviewer.

    Attributes:
        old: the previous name.
        new: the new name.
        moved: number of images marked under the previous name.
        shared: number of images marked under both names.
    """

    old: str
    new: str
    moved: int
    shared: int

    @property
    def sentence(self) -> str:
        """Summary in words."""
        return f"Renamed “{self.old}” to “{self.new}”. Marks moved: {self.moved:,}.{shared_marks_text(self.shared)}"


def shared_marks_text(shared: int) -> str:
    """Describe what merging two reviewers does with images marked by both.

    Args:
        shared: number of such images.

    Returns:
        A sentence with a leading space; "" if there are no such images.
    """
    if not shared:
        return ""
    images = "1 image was" if shared == 1 else f"{shared:,} images were"
    return f" {images} marked under both names: there the later mark replaces the earlier one."


class ReviewStore:
    """The reviews of one model's images. Every change is one transaction; the history is kept.

    Args:
        path: the SQLite file; created with the first mark.
    """

    def __init__(self, path: Path):
        self.path = path

    @classmethod
    def for_model(cls, runs: Path, model_id: str) -> "ReviewStore":
        """Open the reviews of a model.

        Args:
            runs: `paths.runs_dir()`.
            model_id: id of a model in the registry.
        """
        return cls(paths.reviews_dir(runs, model_id) / "reviews.db")

    def all(self) -> list[Review]:
        """List the current reviews, sorted by case and reviewer.

        Raises:
            DataError: If the file cannot be read.
        """
        if not self.path.is_file():
            return []
        with database.open_for_reading(self.path) as connection:
            # Another process may have created the file but not the table yet.
            if connection.execute(_TABLE_EXISTS).fetchone() is None:
                return []
            return list(_current_reviews(connection).values())

    def add_annotation(
        self, case: str, mark: str, reviewer: str, note: str = "", tags: Iterable[str] = ()
    ) -> None:
        """Mark an image; the mark replaces an earlier one of the same reviewer.

        Args:
            case: case id.
            mark: one of `ANNOTATIONS`.
            reviewer: name of the reviewer.
            note: explanation; may be empty.
            tags: other marks that also apply, from `TAGS`.

        Raises:
            DataError: If an argument is invalid (see `Review`) or the file cannot be written.
        """
        name = " ".join(reviewer.split())
        review = Review(case, mark, note.strip(), name, current_time(), sort_tags(tags, mark))
        with database.open_for_writing(self.path) as connection:
            current = _current_reviews(connection).get((review.case, review.reviewer))
            # Repeating the current mark adds no event, so that one undo is enough.
            if current is None or (current.marks, current.note) != (review.marks, review.note):
                _insert(connection, review)

    def undo(self, reviewer: str, case: str = "") -> str:
        """Revoke a reviewer's last mark; the previous mark becomes current again.

        Args:
            reviewer: name of the reviewer.
            case: case id; "" for the last mark on any image.

        Returns:
            Id of the image; "" if there is no mark to revoke.

        Raises:
            DataError: If the file cannot be written.
        """
        name = " ".join(reviewer.split())
        if not self.path.is_file():
            return ""
        with database.open_for_writing(self.path) as connection:
            number, marked_case = connection.execute(_LAST, (name, case, case)).fetchone()
            if number is None:
                return ""
            connection.execute(_INSERT, (current_time(), name, marked_case, None, None, number, None))
            return str(marked_case)

    def rename(self, old: str, new: str, merge: bool = False) -> RenameResult:
        """Rename a reviewer, including replaced marks, in one transaction.

        On an image that was marked under both names, the later mark replaces the earlier one.

        Args:
            old: name of a reviewer with at least one mark.
            new: the new name.
            merge: whether the new name may have marks already.

        Raises:
            DataError: If the old name has no marks, both names are equal, the new name is invalid or taken, or the
                file cannot be written. Nothing is changed then.
        """
        old, new = " ".join(old.split()), " ".join(new.split())
        check_name(new)
        if old == new:
            raise DataError(f"The new name is the same as the old one, {old!r}: enter another name.")
        names = sorted({review.reviewer for review in self.all()})
        if old not in names:
            advice = (
                f"choose one of {', '.join(names)}"
                if names
                else "nobody has marked an image of this model yet"
            )
            raise DataError(f"There are no marks by {old[:100]!r}: {advice}.")
        with database.open_for_writing(self.path) as connection:
            old_marks, new_marks = (_marks_by_case(connection, name) for name in (old, new))
            if new_marks and not merge:
                raise DataError(
                    f"A reviewer {new!r} has marks already: confirm the merge, or enter another name."
                )
            for case, marks in old_marks.items():
                _move(connection, marks, new_marks.get(case, []), new)
        return RenameResult(old, new, len(old_marks), len(old_marks.keys() & new_marks.keys()))

    def merge(self, reviews: Sequence[Review]) -> ImportResult:
        """Import reviews. Of two marks of one reviewer on one image, the later one is kept.

        Args:
            reviews: for example from `csv_exchange.reviews_from_csv`.

        Raises:
            DataError: If the file cannot be written. Nothing is imported then.
        """
        added = known = older = 0
        with database.open_for_writing(self.path) as connection:
            current = _current_reviews(connection)
            for review in reviews:
                present = current.get((review.case, review.reviewer))
                if present == review:
                    known += 1
                elif present is not None and present.when > review.when:
                    older += 1
                else:
                    _insert(connection, review)
                    current[review.case, review.reviewer] = review
                    added += 1
        return ImportResult(added, known, older)


def _current_reviews(connection: sqlite3.Connection) -> dict[tuple[str, str], Review]:
    """Current reviews by case and reviewer."""
    query = _CURRENT.format(tags="tags" if database.has_tags(connection) else "NULL")
    reviews = (_review(row[:6]) for row in connection.execute(query))
    return {(review.case, review.reviewer): review for review in reviews}


def _marks_by_case(connection: sqlite3.Connection, reviewer: str) -> dict[str, list[tuple[int, Review]]]:
    """Event numbers and marks of a reviewer that were not revoked, by case and in order."""
    marks: dict[str, list[tuple[int, Review]]] = {}
    for number, *values in connection.execute(_NOT_REVOKED, (reviewer,)):
        review = _review(values)
        marks.setdefault(review.case, []).append((number, review))
    return marks


def _move(
    connection: sqlite3.Connection,
    old_marks: list[tuple[int, Review]],
    new_marks: list[tuple[int, Review]],
    reviewer: str,
) -> None:
    """Move the marks on one image to another name.

    Events are only ever added: each mark is revoked under the old name and added under the new one with its own time.
    The last event of an image is current, so later marks of the new name are revoked and added again after them.
    """
    first = min(review.when for _, review in old_marks)
    later = [(number, review) for number, review in new_marks if review.when > first]
    ordered = sorted([*old_marks, *later], key=lambda pair: (pair[1].when, pair[0]))
    for number, review in ordered:
        connection.execute(_INSERT, (current_time(), review.reviewer, review.case, None, None, number, None))
    for _, review in ordered:
        _insert(connection, replace(review, reviewer=reviewer))


def _review(values: Sequence[Any]) -> Review:
    """A review from case, mark, note, reviewer, time and tags, which are one text in the file."""
    case, mark, note, reviewer, time, tags = values
    return Review(case, mark, note, reviewer, time, split_tags(tags or ""))


def _insert(connection: sqlite3.Connection, review: Review) -> None:
    tags = join_tags(review.tags) or None
    values = (review.time, review.reviewer, review.case, review.mark, review.note, None, tags)
    connection.execute(_INSERT, values)
