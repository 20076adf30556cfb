"""ReviewStore: marks are stored, replaced, revoked and never lost."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fracture_core.errors import DataError
from fracture_core.review import ANNOTATIONS, Review, ReviewStore, database
from fracture_core.review import review_store as reviews_module
from fracture_core.review.annotation import current_time

ROOT = Path(__file__).resolve().parents[2]

# Prints each case after it is on disk.
_WRITER = """
import sys
from pathlib import Path
from fracture_core.review import ReviewStore
path, name, count = sys.argv[1:]
for number in range(int(count)):
    ReviewStore(Path(path)).add_annotation(f"case {number}", "subtle", name, f"note {number}")
    print(f"case {number}", flush=True)
"""


@pytest.fixture
def empty_review_store(tmp_path) -> ReviewStore:
    return ReviewStore.for_model(tmp_path, "model")


def _writer(reviews: ReviewStore, name: str, count: int) -> subprocess.Popen:
    command = [sys.executable, "-c", _WRITER, str(reviews.path), name, str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _marks(reviews: ReviewStore) -> dict[tuple[str, str], str]:
    return {(review.case, review.reviewer): review.mark for review in reviews.all()}


def test_reading_creates_no_file(empty_review_store):
    assert empty_review_store.all() == []
    assert empty_review_store.undo("A") == ""
    assert not empty_review_store.path.exists()


@pytest.mark.parametrize("mark", ANNOTATIONS)
def test_mark_is_stored(empty_review_store, mark):
    empty_review_store.add_annotation("a/1.png", mark, "  Ü  B ", " it's\n“so” ")
    (review,) = empty_review_store.all()
    assert (review.case, review.mark, review.note, review.reviewer) == ("a/1.png", mark, "it's\n“so”", "Ü B")


def test_several_tags_are_stored_with_a_mark(empty_review_store):
    store = empty_review_store
    store.add_annotation("1", "subtle", "A", tags=("hardware", "artefact", "hardware", "subtle"))
    store.add_annotation("1", "subtle", "A", tags=["artefact", "hardware"])  # no change, so no event
    (review,) = store.all()
    assert review.marks == ("subtle", "artefact", "hardware")
    store.add_annotation("1", "correct", "A")
    assert store.all()[0].tags == ()
    store.undo("A")
    assert store.all() == [review]
    store.rename("A", "B")
    assert store.all()[0].marks == review.marks
    with pytest.raises(DataError, match="no tag 'correct'"):
        store.add_annotation("1", "subtle", "A", tags=["correct"])


def test_file_without_tags_is_read_and_continued(empty_review_store):
    path = empty_review_store.path
    path.parent.mkdir(parents=True)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(database._SCHEMA.replace("    tags TEXT,\n", ""))
        connection.execute(
            "INSERT INTO events (time, reviewer, case_id, mark, note) VALUES (?, 'A', '1', 'subtle', 'n')",
            (current_time(),),
        )
        connection.commit()
    (earlier,) = empty_review_store.all()
    assert (earlier.mark, earlier.note, earlier.tags) == ("subtle", "n", ())
    empty_review_store.add_annotation("2", "correct", "A", tags=["hardware"])
    assert [review.tags for review in empty_review_store.all()] == [(), ("hardware",)]
    assert empty_review_store.all()[0] == earlier


def test_new_mark_replaces_only_that_of_the_same_reviewer(empty_review_store):
    empty_review_store.add_annotation("1", "subtle", "A")
    empty_review_store.add_annotation("1", "artefact", "B")
    empty_review_store.add_annotation("1", "correct", "A")
    assert _marks(empty_review_store) == {("1", "A"): "correct", ("1", "B"): "artefact"}


def test_undo_steps_back_through_the_history(empty_review_store):
    empty_review_store.add_annotation("1", "subtle", "A", "first")
    empty_review_store.add_annotation("1", "correct", "A")
    empty_review_store.add_annotation("2", "hardware", "A")
    empty_review_store.add_annotation("1", "poor film", "B")
    assert empty_review_store.undo("A", "1") == "1"
    assert _marks(empty_review_store) == {
        ("1", "A"): "subtle",
        ("2", "A"): "hardware",
        ("1", "B"): "poor film",
    }
    assert empty_review_store.undo("A") == "2"
    assert empty_review_store.undo("A") == "1"
    assert empty_review_store.undo("A") == ""
    assert _marks(empty_review_store) == {("1", "B"): "poor film"}
    empty_review_store.add_annotation("1", "subtle", "A")
    assert _marks(empty_review_store)["1", "A"] == "subtle"


def test_repeated_mark_needs_one_undo(empty_review_store):
    empty_review_store.add_annotation("1", "subtle", "A")
    empty_review_store.add_annotation("1", "subtle", "A")
    empty_review_store.undo("A")
    assert empty_review_store.all() == []


def test_renamed_reviewer_keeps_marks_times_and_history(empty_review_store):
    empty_review_store.add_annotation("1", "subtle", "Anna2", "first")
    empty_review_store.add_annotation("1", "correct", "Anna2")
    empty_review_store.add_annotation("2", "hardware", "Anna2")
    empty_review_store.add_annotation("1", "artefact", "B")
    before = {(review.case, review.reviewer): review for review in empty_review_store.all()}
    assert empty_review_store.rename(" Anna2", "Anna  M") == ("Anna2", "Anna M", 2, 0)
    after = {(review.case, review.reviewer): review for review in empty_review_store.all()}
    assert after.keys() == {("1", "Anna M"), ("2", "Anna M"), ("1", "B")}
    for case in ("1", "2"):
        old, new = before[case, "Anna2"], after[case, "Anna M"]
        assert (old.mark, old.note, old.time) == (new.mark, new.note, new.time)
    empty_review_store.undo("Anna M", "1")
    assert _marks(empty_review_store)["1", "Anna M"] == "subtle"
    empty_review_store.undo("Anna M", "1")
    assert _marks(empty_review_store).keys() == {("2", "Anna M"), ("1", "B")}
    assert empty_review_store.undo("Anna2") == ""


def test_merged_reviewer_keeps_the_later_mark_of_each_image(empty_review_store):
    empty_review_store.add_annotation("earlier", "subtle", "Anna2")
    empty_review_store.add_annotation("later", "subtle", "Anna")
    empty_review_store.add_annotation("later", "hardware", "Anna2")
    empty_review_store.add_annotation("earlier", "correct", "Anna")
    empty_review_store.add_annotation("own", "artefact", "Anna")
    assert empty_review_store.rename("Anna2", "Anna", merge=True) == ("Anna2", "Anna", 2, 2)
    assert _marks(empty_review_store) == {
        ("earlier", "Anna"): "correct",
        ("later", "Anna"): "hardware",
        ("own", "Anna"): "artefact",
    }
    empty_review_store.undo("Anna", "earlier")
    empty_review_store.undo("Anna", "later")
    assert _marks(empty_review_store) == dict.fromkeys([("earlier", "Anna"), ("later", "Anna")], "subtle") | {
        ("own", "Anna"): "artefact"
    }


def test_renaming_back_restores_the_reviews(empty_review_store):
    empty_review_store.add_annotation("1", "subtle", "A")
    before = empty_review_store.all()
    empty_review_store.rename("A", "B")
    empty_review_store.rename("B", "A")
    assert empty_review_store.all() == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Nobody", "C", "no marks by 'Nobody': choose one of A, B"),
        ("A", " A ", "same as the old"),
        ("A", " ", "reviewer name ''"),
        ("A", "x" * 81, "1 to 80"),
        ("A", "C\0", "cannot be stored"),
        ("A", "B", "has marks already"),
    ],
)
def test_refused_rename_changes_nothing(empty_review_store, old, new, message):
    empty_review_store.add_annotation("1", "subtle", "A")
    empty_review_store.add_annotation("1", "subtle", "B")
    before = empty_review_store.all()
    with pytest.raises(DataError, match=message):
        empty_review_store.rename(old, new)
    assert empty_review_store.all() == before


def test_interrupted_rename_changes_nothing(empty_review_store, monkeypatch):
    for number in range(3):
        empty_review_store.add_annotation(str(number), "subtle", "A")
    before = empty_review_store.all()
    added = []

    def fail_on_second_insert(connection, review):
        added.append(review)
        if len(added) == 2:
            raise sqlite3.OperationalError("disk I/O error")
        return original(connection, review)

    original = reviews_module._insert
    monkeypatch.setattr(reviews_module, "_insert", fail_on_second_insert)
    with pytest.raises(DataError, match="disk I/O error"):
        empty_review_store.rename("A", "B")
    assert empty_review_store.all() == before


def test_rename_without_any_mark_is_refused(empty_review_store):
    with pytest.raises(DataError, match="nobody has marked an image"):
        empty_review_store.rename("A", "B")
    assert not empty_review_store.path.exists()


def test_history_is_append_only(empty_review_store):
    empty_review_store.add_annotation("1", "subtle", "A")
    connection = sqlite3.connect(empty_review_store.path)
    for statement in ("DELETE FROM events", "UPDATE events SET mark = 'correct'"):
        with pytest.raises(sqlite3.IntegrityError, match="events stay"):
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("case", "mark", "reviewer", "note", "message"),
    [
        ("", "subtle", "A", "", "id of the image"),
        ("1", "wrong", "A", "", "label wrong, subtle"),
        ("1", "subtle", "  ", "", "reviewer name ''"),
        ("1", "subtle", "A" * 81, "", "1 to 80"),
        ("1", "subtle", "A", "x" * 1001, "has 1,001"),
        ("1", "subtle", "A", "\0", "cannot be stored"),
        ("\udcff", "subtle", "A", "", "cannot be stored"),
    ],
)
def test_invalid_review_is_refused(empty_review_store, case, mark, reviewer, note, message):
    with pytest.raises(DataError, match=message):
        empty_review_store.add_annotation(case, mark, reviewer, note)
    assert not empty_review_store.path.exists()


@pytest.mark.parametrize("model", ["../../elsewhere", "/elsewhere", "..", ""])
def test_model_id_cannot_leave_the_runs_folder(tmp_path, model):
    assert ReviewStore.for_model(tmp_path, model).path.resolve().is_relative_to(tmp_path)


def test_import_does_not_replace_later_marks(empty_review_store):
    empty_review_store.add_annotation("1", "subtle", "A")
    (current,) = empty_review_store.all()
    older = Review("1", "correct", "", "A", "2020-01-01T00:00:00Z")
    other = Review("1", "correct", "", "B", "2020-01-01T00:00:00+00:00")
    assert empty_review_store.merge([current, older, other]) == (1, 1, 1)
    assert _marks(empty_review_store) == {("1", "A"): "subtle", ("1", "B"): "correct"}
    assert empty_review_store.merge([other]) == (0, 1, 0)
    newer = Review("1", "artefact", "", "A", "2990-01-01T00:00:00+00:00")
    assert empty_review_store.merge([newer]) == (1, 0, 0)
    empty_review_store.undo("A")
    assert _marks(empty_review_store)["1", "A"] == "subtle"


def test_concurrent_processes_lose_nothing(empty_review_store):
    writers = [_writer(empty_review_store, name, 60) for name in ("A", "B")]
    for writer in writers:
        writer.communicate(timeout=120)
        assert writer.returncode == 0
    expected = {(f"case {number}", name) for number in range(60) for name in ("A", "B")}
    assert _marks(empty_review_store).keys() == expected


def test_concurrent_creation_of_the_file(empty_review_store):
    with ThreadPoolExecutor(16) as pool:
        list(
            pool.map(lambda number: empty_review_store.add_annotation("1", "subtle", f"N{number}"), range(64))
        )
    assert len(empty_review_store.all()) == 64


def test_concurrent_undo_revokes_each_mark_once(empty_review_store):
    for number in range(20):
        empty_review_store.add_annotation(str(number), "subtle", "A")
    with ThreadPoolExecutor(8) as pool:
        reviews = list(pool.map(lambda _: empty_review_store.undo("A"), range(20)))
    assert sorted(reviews) == sorted(str(number) for number in range(20))
    assert empty_review_store.all() == []


def test_killed_writer_leaves_all_committed_marks(empty_review_store):
    writer = _writer(empty_review_store, "A", 100_000)
    assert writer.stdout is not None
    printed = [writer.stdout.readline().strip() for _ in range(25)]
    writer.send_signal(signal.SIGKILL)
    printed += writer.stdout.read().split("\n")
    writer.stdout.close()
    assert writer.wait(30) == -signal.SIGKILL
    written = {review.case for review in empty_review_store.all()}
    # One more mark may be committed but not printed yet.
    assert {line for line in printed if line} <= written
    assert len(written) <= len([line for line in printed if line]) + 1
    connection = sqlite3.connect(empty_review_store.path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    empty_review_store.add_annotation("case 0", "correct", "B")
    assert ("case 0", "B") in _marks(empty_review_store)


def test_file_without_table_has_no_reviews(empty_review_store):
    empty_review_store.path.parent.mkdir(parents=True)
    empty_review_store.path.touch()
    assert empty_review_store.all() == []
    empty_review_store.add_annotation("1", "subtle", "A")
    assert len(empty_review_store.all()) == 1


def test_foreign_file_is_reported_and_kept(empty_review_store):
    empty_review_store.path.parent.mkdir(parents=True)
    empty_review_store.path.write_text("not a database, but long enough to be read as one")
    with pytest.raises(DataError, match="cannot be read"):
        empty_review_store.all()
    with pytest.raises(DataError, match="was damaged"):
        empty_review_store.add_annotation("1", "subtle", "A")
    (kept,) = empty_review_store.path.parent.glob("reviews.damaged-*.db")
    assert kept.read_text().startswith("not a database")


def test_folder_that_cannot_be_created_is_reported(tmp_path):
    (tmp_path / "reviews").touch()
    with pytest.raises(DataError, match="cannot be written"):
        ReviewStore.for_model(tmp_path, "model").add_annotation("1", "subtle", "A")


def test_damaged_file_is_set_aside_and_named(empty_review_store):
    empty_review_store.add_annotation("1", "subtle", "A")
    empty_review_store.path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)
    damaged = empty_review_store.path.read_bytes()
    with pytest.raises(DataError, match="cannot be read"):
        empty_review_store.all()
    with pytest.raises(DataError, match=r"kept as .*reviews\.damaged-[0-9a-f]{8}\.db"):
        empty_review_store.add_annotation("2", "subtle", "A")
    (kept,) = empty_review_store.path.parent.glob("reviews.damaged-*.db")
    assert kept.read_bytes() == damaged
    empty_review_store.add_annotation("2", "subtle", "A")
    assert set(_marks(empty_review_store)) == {("2", "A")}


@pytest.mark.parametrize("seed", range(12))
def test_damaged_file_gives_reviews_or_a_sentence(empty_review_store, seed):
    reviews = [Review(f"case {number}", "subtle", "note", "Ada", current_time()) for number in range(20)]
    empty_review_store.merge(reviews)
    content = bytearray(empty_review_store.path.read_bytes())
    random = np.random.default_rng(seed)
    for position in random.integers(0 if seed % 2 else 100, len(content), random.integers(1, 30)):
        content[position] = random.integers(256)
    empty_review_store.path.write_bytes(content if seed % 3 else content[: random.integers(len(content))])
    for action in (
        empty_review_store.all,
        lambda: empty_review_store.undo("Ada"),
        lambda: empty_review_store.rename("Ada", "Bea"),
        lambda: empty_review_store.add_annotation("new", "subtle", "Ada"),
    ):
        with contextlib.suppress(DataError):
            action()


def test_reviews_in_a_read_only_folder_are_read(empty_review_store, monkeypatch):
    empty_review_store.add_annotation("1", "subtle", "A")
    folder, connect = empty_review_store.path.parent, database._connect

    def connect_outside(path):
        if path.parent == folder:
            error = sqlite3.OperationalError("attempt to write a readonly database")
            error.sqlite_errorcode = sqlite3.SQLITE_READONLY
            raise error
        return connect(path)

    monkeypatch.setattr(database, "_connect", connect_outside)
    assert set(_marks(empty_review_store)) == {("1", "A")}
