"""Reviews: who marked which film how, kept on disk. Several may write at once."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from fracture_core import paths
from fracture_core.errors import DataError
from fracture_core.review import database
from fracture_core.review.annotation import Review, check_name, current_time

# A mark stands until its reviewer marks the film again or takes it back; then the one before stands again.
_STANDING = """
SELECT case_id, mark, note, reviewer, time, MAX(number) FROM events
WHERE mark IS NOT NULL AND number NOT IN (SELECT undoes FROM events WHERE undoes IS NOT NULL)
GROUP BY case_id, reviewer ORDER BY case_id, reviewer
"""
_LAST = """
SELECT MAX(number), case_id FROM events
WHERE mark IS NOT NULL AND reviewer = ? AND (? = '' OR case_id = ?)
AND number NOT IN (SELECT undoes FROM events WHERE undoes IS NOT NULL)
"""
# Every mark of a reviewer that was not taken back, the earlier ones on the same film among them.
_LIVE = """
SELECT number, case_id, mark, note, reviewer, time FROM events
WHERE mark IS NOT NULL AND reviewer = ?
AND number NOT IN (SELECT undoes FROM events WHERE undoes IS NOT NULL)
ORDER BY number
"""
_TABLE = "SELECT 1 FROM sqlite_master WHERE name = 'events'"
_ADD = "INSERT INTO events (time, reviewer, case_id, mark, note, undoes) VALUES (?, ?, ?, ?, ?, ?)"


class ImportResult(NamedTuple):
    """What became of reviews that were taken in.

    Attributes:
        added: they stand now.
        known: they stood already.
        older: the same reviewer marked the same film here later, and that stays.
    """

    added: int
    known: int
    older: int

    @property
    def sentence(self) -> str:
        """What became of them, in words."""
        return (
            f"Reviews taken in: {self.added:,}; here already: {self.known:,}; older than what stands here: "
            f"{self.older:,}."
        )


class Renamed(NamedTuple):
    """What renaming a reviewer changed.

    Attributes:
        old: the name before.
        new: the name now.
        moved: marks that stood under the old name.
        shared: films that were marked under both names.
    """

    old: str
    new: str
    moved: int
    shared: int

    @property
    def sentence(self) -> str:
        """The change in words."""
        return (
            f"Renamed “{self.old}” to “{self.new}”. Marks moved: {self.moved:,}.{later_counts(self.shared)}"
        )


def later_counts(shared: int) -> str:
    """What merging does with films that were marked under both names, as a sentence; "" where there are none.

    Args:
        shared: number of such films.
    """
    if not shared:
        return ""
    films = "1 film was" if shared == 1 else f"{shared:,} films were"
    return f" {films} marked under both names: there the later mark replaces the earlier one."


class ReviewStore:
    """The reviews of the films of one model.

    Args:
        path: the file; it is made when the first mark is set.
    """

    def __init__(self, path: Path):
        self.path = path

    @classmethod
    def for_model(cls, runs: Path, model_id: str) -> "ReviewStore":
        """Where the reviews of a model's films are kept.

        Args:
            runs: `paths.runs_dir()`.
            model_id: of a model in the store.
        """
        return cls(paths.reviews_dir(runs, model_id) / "reviews.db")

    def all(self) -> list[Review]:
        """Every mark that stands, by film and reviewer.

        Raises:
            DataError: the file cannot be read.
        """
        if not self.path.is_file():
            return []
        with database.open_for_reading(self.path) as connection:
            # Another process may have made the file and not yet the table.
            return (
                list(_current_reviews(connection).values()) if connection.execute(_TABLE).fetchone() else []
            )

    def add_annotation(self, case: str, mark: str, reviewer: str, note: str = "") -> None:
        """Marks a film; a mark of the same reviewer on it is replaced, and kept in the history.

        Raises:
            DataError: see `Review`; or the file cannot be written.
        """
        review = Review(case, mark, note.strip(), " ".join(reviewer.split()), current_time())
        with database.open_for_writing(self.path) as connection:
            before = _current_reviews(connection).get((review.case, review.reviewer))
            # The same again is no event: one undo is then enough.
            if before is None or (before.mark, before.note) != (review.mark, review.note):
                _add(connection, review)

    def undo(self, reviewer: str, case: str = "") -> str:
        """Takes back the last standing mark of a reviewer; the mark before it stands again.

        Args:
            reviewer: by name.
            case: only on this film; "" for the last on any.

        Returns:
            The id of the film; "" where there was nothing to take back.

        Raises:
            DataError: the file cannot be written.
        """
        name = " ".join(reviewer.split())
        if not self.path.is_file():
            return ""
        with database.open_for_writing(self.path) as connection:
            number, found = connection.execute(_LAST, (name, case, case)).fetchone()
            if number is None:
                return ""
            connection.execute(_ADD, (current_time(), name, found, None, None, number))
            return found

    def rename(self, old: str, new: str, merge: bool = False) -> Renamed:
        """Rename a reviewer; all marks move in one transaction, the earlier ones on the same film too.

        On a film that was marked under both names, the later mark replaces the earlier one.

        Args:
            old: name of a reviewer with at least one mark.
            new: the new name.
            merge: whether the new name may have marks already.

        Returns:
            What changed.

        Raises:
            DataError: nobody of the old name has a mark, both names are the same, the new name cannot be used or is
                taken, or the file cannot be written. Then nothing changes.
        """
        old, new = " ".join(old.split()), " ".join(new.split())
        check_name(new)
        if old == new:
            raise DataError(f"The new name is the same as the old one, {old!r}: enter another name.")
        names = sorted({review.reviewer for review in self.all()})
        if old not in names:
            known = (
                f"expected one of {', '.join(names)}" if names else "nobody has marked a film of this model"
            )
            raise DataError(f"There are no marks by {old[:100]!r}: {known}.")
        with database.open_for_writing(self.path) as connection:
            moving, there = (_live_by_case(connection, name) for name in (old, new))
            if there and not merge:
                raise DataError(
                    f"A reviewer {new!r} has marks already: confirm the merge, or enter another name."
                )
            for case, marks in moving.items():
                _move(connection, marks, there.get(case, []), new)
        return Renamed(old, new, len(moving), len(moving.keys() & there.keys()))

    def merge(self, reviews: Sequence[Review]) -> ImportResult:
        """Adds reviews that were exported elsewhere; of two marks of one reviewer on one film the later stays.

        Raises:
            DataError: the file cannot be written; then none is added.
        """
        added = known = older = 0
        with database.open_for_writing(self.path) as connection:
            standing = _current_reviews(connection)
            for review in reviews:
                here = standing.get((review.case, review.reviewer))
                if here == review:
                    known += 1
                elif here is not None and here.when > review.when:
                    older += 1
                else:
                    _add(connection, review)
                    standing[review.case, review.reviewer] = review
                    added += 1
        return ImportResult(added, known, older)


def _current_reviews(connection: sqlite3.Connection) -> dict[tuple[str, str], Review]:
    """What stands, by film and reviewer."""
    found = (Review(*row[:5]) for row in connection.execute(_STANDING))
    return {(review.case, review.reviewer): review for review in found}


def _live_by_case(connection: sqlite3.Connection, reviewer: str) -> dict[str, list[tuple[int, Review]]]:
    """Marks of a reviewer that were not taken back, with their numbers, by film and in order."""
    found: dict[str, list[tuple[int, Review]]] = {}
    for number, *values in connection.execute(_LIVE, (reviewer,)):
        review = Review(*values)
        found.setdefault(review.case, []).append((number, review))
    return found


def _move(
    connection: sqlite3.Connection,
    moving: list[tuple[int, Review]],
    there: list[tuple[int, Review]],
    reviewer: str,
) -> None:
    """Moves the marks on one film to another name.

    Events only ever are added: the marks are taken back under the old name and added under the new one, with their own
    times. The last event of a film stands, so later marks under the new name are added again behind them.
    """
    first = min(review.when for _, review in moving)
    later = [(number, review) for number, review in there if review.when > first]
    taken = sorted([*moving, *later], key=lambda pair: (pair[1].when, pair[0]))
    for number, review in taken:
        connection.execute(_ADD, (current_time(), review.reviewer, review.case, None, None, number))
    for _, review in taken:
        _add(connection, replace(review, reviewer=reviewer))


def _add(connection: sqlite3.Connection, review: Review) -> None:
    values = (review.time, review.reviewer, review.case, review.mark, review.note, None)
    connection.execute(_ADD, values)
