"""The SQLite file of the reviews: an append-only table of events."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from fracture_core.errors import DataError

# An event sets a mark or revokes an earlier event (`undoes`). The triggers reject changed and deleted events.
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

# Seconds that a writer waits for other writers, and between attempts. Writing a mark takes milliseconds.
_TIMEOUT = 30
_RETRY_INTERVAL = 0.01


@contextmanager
def open_for_reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Connect to an existing file.

    Raises:
        DataError: If the file is not a database or cannot be read.
    """
    with _database_errors(path, "read"), closing(_connect(path)) as connection:
        yield connection


@contextmanager
def open_for_writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Connect within one transaction, which is committed at the end of the block and rolled back on an exception.

    Raises:
        DataError: If the file cannot be written.
    """
    with _database_errors(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(_connect(path)) as connection:
            # Write-ahead logging lets readers and a writer work concurrently; FULL makes commits durable.
            _enable_write_ahead_log(connection)
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


def _enable_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the journal mode, with retries: SQLite ignores its timeout while another process switches it."""
    deadline = time.monotonic() + _TIMEOUT
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
                return
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_INTERVAL)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_TIMEOUT, isolation_level=None)


def _statements(script: str) -> Iterator[str]:
    """Split a script into statements; `executescript` would commit the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def _database_errors(path: Path, action: str) -> Iterator[None]:
    """Convert database and file errors to DataError."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        raise DataError(
            f"The reviews in {path} cannot be {action} ({error}): check the permissions and the disk space. If the "
            "file is damaged, move it away and import the reviews from an export."
        ) from error
