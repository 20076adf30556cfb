"""The file that reviews are kept in: SQLite, a table of events to which lines are only ever added."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from fracture_core.errors import DataError

# A line is a mark, or takes back one (`undoes`); the file itself refuses that a line is changed or goes.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    case_id TEXT NOT NULL,
    mark TEXT,
    note TEXT,
    undoes INTEGER UNIQUE REFERENCES events (number),
    CHECK ((mark IS NULL) = (undoes IS NOT NULL))
);
CREATE TRIGGER IF NOT EXISTS no_change BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events stay'); END;
CREATE TRIGGER IF NOT EXISTS no_removal BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events stay'); END;
"""

# How long a writer waits for others, in seconds; writing a mark takes milliseconds.
_PATIENCE = 30
_PAUSE = 0.01


@contextmanager
def open_for_reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a file that is there.

    Raises:
        DataError: it is no such file, or cannot be read.
    """
    with _database_errors(path, "read"), closing(_connect(path)) as connection:
        yield connection


@contextmanager
def open_for_writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection inside one transaction: at the end of the block all of it is on disk, or nothing.

    Raises:
        DataError: the file cannot be written.
    """
    with _database_errors(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(_connect(path)) as connection:
            # Readers and a writer do not wait for each other, and what was written survives a crash.
            _write_ahead(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                for statement in _statements(_SCHEMA):
                    connection.execute(statement)
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Sets the mode, which is kept in the file. While others set it SQLite refuses at once, whatever the timeout."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
                return
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(_PAUSE)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one; `executescript` would end the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def _database_errors(path: Path, done: str) -> Iterator[None]:
    """Faults of the disk and of the file as a sentence."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        raise DataError(
            f"Expected reviews in {path}, but the file cannot be {done} ({error}): free the place, or move the file "
            "away and import the reviews from an export."
        ) from error
