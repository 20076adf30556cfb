"""The SQLite file of the reviews: an append-only table of events."""

import shutil
import sqlite3
import tempfile
import time
import uuid
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
    tags TEXT,
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
    with (
        _database_errors(path, "read"),
        _readable(path) as readable,
        closing(_connect(readable)) as connection,
    ):
        yield connection


@contextmanager
def _readable(path: Path) -> Iterator[Path]:
    """The file, or a copy if its folder is read-only: SQLite writes beside a database even to read it."""
    try:
        with closing(_connect(path)) as connection:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
    else:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="second-look-") as folder:
        for suffix in ("", "-wal"):
            source = path.with_name(path.name + suffix)
            if source.is_file():
                shutil.copyfile(source, Path(folder) / source.name)
        yield Path(folder) / path.name


@contextmanager
def open_for_writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Connect within one transaction, which is committed at the end of the block and rolled back on an exception.

    A damaged file is renamed, so that the next attempt begins a new one.

    Raises:
        DataError: If the file cannot be written, or was damaged; the message names the file that was set aside.
    """
    with _database_errors(path, "written"), _setting_aside(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(_connect(path)) as connection:
            # Write-ahead logging lets readers and a writer work concurrently; FULL makes commits durable.
            _enable_write_ahead_log(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                for statement in _statements(_SCHEMA):
                    connection.execute(statement)
                # Files of earlier versions have no tags.
                if not has_tags(connection):
                    connection.execute("ALTER TABLE events ADD COLUMN tags TEXT")
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def has_tags(connection: sqlite3.Connection) -> bool:
    """Whether the events have a column for tags; files of earlier versions have none until they are written."""
    return any(column[1] == "tags" for column in connection.execute("PRAGMA table_info(events)"))


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
def _setting_aside(path: Path) -> Iterator[None]:
    """Rename a damaged file; it is never overwritten."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (
            sqlite3.SQLITE_CORRUPT,
            sqlite3.SQLITE_NOTADB,
        ):
            raise
        kept = path.with_name(f"{path.stem}.damaged-{uuid.uuid4().hex[:8]}{path.suffix}")
        path.rename(kept)
        for suffix in ("-wal", "-shm"):
            journal = path.with_name(path.name + suffix)
            if journal.is_file():
                journal.rename(kept.with_name(kept.name + suffix))
        raise DataError(
            f"The file of the reviews was damaged. It is kept as {kept}. Mark the image again to begin a new file, and "
            "import the earlier reviews from an export."
        ) from error


@contextmanager
def _database_errors(path: Path, action: str) -> Iterator[None]:
    """Convert database and file errors to DataError."""
    try:
        yield
    except (sqlite3.Error, OSError, OverflowError, UnicodeError) as error:
        raise DataError(
            f"The reviews in {path} cannot be {action} ({error}): check the permissions and the disk space. If the "
            "file is damaged, move it away and import the reviews from an export."
        ) from error
