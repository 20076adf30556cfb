"""Marks are kept, replaced, taken back, and never lost."""

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fracture_core.errors import DataError
from fracture_core.review import ANNOTATIONS, Review, ReviewStore
from fracture_core.review import review_store as reviews_module

ROOT = Path(__file__).resolve().parents[2]

# Says each film after it is on disk.
_WRITER = """
import sys
from pathlib import Path
from fracture_core.review import Reviews
path, name, count = sys.argv[1:]
for number in range(int(count)):
    Reviews(Path(path)).mark(f"film {number}", "subtle", name, f"note {number}")
    print(f"film {number}", flush=True)
"""


@pytest.fixture
def reviews(tmp_path) -> ReviewStore:
    return ReviewStore.for_model(tmp_path, "model")


def _writer(reviews: ReviewStore, name: str, count: int) -> subprocess.Popen:
    command = [sys.executable, "-c", _WRITER, str(reviews.path), name, str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _marks(reviews: ReviewStore) -> dict[tuple[str, str], str]:
    return {(review.case, review.reviewer): review.mark for review in reviews.all()}


def test_nothing_is_made_by_looking(reviews):
    assert reviews.all() == []
    assert reviews.undo("A") == ""
    assert not reviews.path.exists()


@pytest.mark.parametrize("mark", ANNOTATIONS)
def test_a_mark_stands(reviews, mark):
    reviews.add_annotation("a/1.png", mark, "  Ü  B ", " it's\n“so” ")
    (found,) = reviews.all()
    assert (found.case, found.mark, found.note, found.reviewer) == ("a/1.png", mark, "it's\n“so”", "Ü B")


def test_a_new_mark_replaces_that_of_the_same_reviewer_only(reviews):
    reviews.add_annotation("1", "subtle", "A")
    reviews.add_annotation("1", "artefact", "B")
    reviews.add_annotation("1", "correct", "A")
    assert _marks(reviews) == {("1", "A"): "correct", ("1", "B"): "artefact"}


def test_undo_goes_back_step_by_step_through_the_history(reviews):
    reviews.add_annotation("1", "subtle", "A", "first")
    reviews.add_annotation("1", "correct", "A")
    reviews.add_annotation("2", "hardware", "A")
    reviews.add_annotation("1", "poor film", "B")
    assert reviews.undo("A", "1") == "1"
    assert _marks(reviews) == {("1", "A"): "subtle", ("2", "A"): "hardware", ("1", "B"): "poor film"}
    assert reviews.undo("A") == "2"
    assert reviews.undo("A") == "1"
    assert reviews.undo("A") == ""
    assert _marks(reviews) == {("1", "B"): "poor film"}
    reviews.add_annotation("1", "subtle", "A")
    assert _marks(reviews)["1", "A"] == "subtle"


def test_the_same_mark_twice_is_taken_back_at_once(reviews):
    reviews.add_annotation("1", "subtle", "A")
    reviews.add_annotation("1", "subtle", "A")
    reviews.undo("A")
    assert reviews.all() == []


def test_renamed_reviewer_keeps_marks_times_and_history(reviews):
    reviews.add_annotation("1", "subtle", "Anna2", "first")
    reviews.add_annotation("1", "correct", "Anna2")
    reviews.add_annotation("2", "hardware", "Anna2")
    reviews.add_annotation("1", "artefact", "B")
    before = {(found.case, found.reviewer): found for found in reviews.all()}
    assert reviews.rename(" Anna2", "Anna  M") == ("Anna2", "Anna M", 2, 0)
    after = {(found.case, found.reviewer): found for found in reviews.all()}
    assert after.keys() == {("1", "Anna M"), ("2", "Anna M"), ("1", "B")}
    for case in ("1", "2"):
        old, new = before[case, "Anna2"], after[case, "Anna M"]
        assert (old.mark, old.note, old.time) == (new.mark, new.note, new.time)
    reviews.undo("Anna M", "1")
    assert _marks(reviews)["1", "Anna M"] == "subtle"
    reviews.undo("Anna M", "1")
    assert _marks(reviews).keys() == {("2", "Anna M"), ("1", "B")}
    assert reviews.undo("Anna2") == ""


def test_merged_reviewer_keeps_the_later_mark_of_each_film(reviews):
    reviews.add_annotation("earlier", "subtle", "Anna2")
    reviews.add_annotation("later", "subtle", "Anna")
    reviews.add_annotation("later", "hardware", "Anna2")
    reviews.add_annotation("earlier", "correct", "Anna")
    reviews.add_annotation("own", "artefact", "Anna")
    assert reviews.rename("Anna2", "Anna", merge=True) == ("Anna2", "Anna", 2, 2)
    assert _marks(reviews) == {
        ("earlier", "Anna"): "correct",
        ("later", "Anna"): "hardware",
        ("own", "Anna"): "artefact",
    }
    reviews.undo("Anna", "earlier")
    reviews.undo("Anna", "later")
    assert _marks(reviews) == dict.fromkeys([("earlier", "Anna"), ("later", "Anna")], "subtle") | {
        ("own", "Anna"): "artefact"
    }


def test_renamed_back_is_as_before(reviews):
    reviews.add_annotation("1", "subtle", "A")
    before = reviews.all()
    reviews.rename("A", "B")
    reviews.rename("B", "A")
    assert reviews.all() == before


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Nobody", "C", "no marks by 'Nobody': expected one of A, B"),
        ("A", " A ", "same as the old"),
        ("A", " ", "name of a reviewer"),
        ("A", "x" * 81, "at most 80"),
        ("A", "C\0", "plain text"),
        ("A", "B", "has marks already"),
    ],
)
def test_rename_that_is_refused_changes_nothing(reviews, old, new, words):
    reviews.add_annotation("1", "subtle", "A")
    reviews.add_annotation("1", "subtle", "B")
    before = reviews.all()
    with pytest.raises(DataError, match=words):
        reviews.rename(old, new)
    assert reviews.all() == before


def test_rename_that_fails_half_way_changes_nothing(reviews, monkeypatch):
    for number in range(3):
        reviews.add_annotation(str(number), "subtle", "A")
    before = reviews.all()
    added = []

    def fail_at_the_second(connection, review):
        added.append(review)
        if len(added) == 2:
            raise sqlite3.OperationalError("disk I/O error")
        return original(connection, review)

    original = reviews_module._add
    monkeypatch.setattr(reviews_module, "_add", fail_at_the_second)
    with pytest.raises(DataError, match="disk I/O error"):
        reviews.rename("A", "B")
    assert reviews.all() == before


def test_rename_without_any_mark_is_refused(reviews):
    with pytest.raises(DataError, match="nobody has marked a film"):
        reviews.rename("A", "B")
    assert not reviews.path.exists()


def test_the_history_cannot_be_changed(reviews):
    reviews.add_annotation("1", "subtle", "A")
    connection = sqlite3.connect(reviews.path)
    for statement in ("DELETE FROM events", "UPDATE events SET mark = 'correct'"):
        with pytest.raises(sqlite3.IntegrityError, match="events stay"):
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("case", "mark", "reviewer", "note", "words"),
    [
        ("", "subtle", "A", "", "id of a film"),
        ("1", "wrong", "A", "", "label wrong, subtle"),
        ("1", "subtle", "  ", "", "name of a reviewer"),
        ("1", "subtle", "A" * 81, "", "at most 80"),
        ("1", "subtle", "A", "x" * 1001, "got 1,001"),
        ("1", "subtle", "A", "\0", "plain text"),
        ("\udcff", "subtle", "A", "", "plain text"),
    ],
)
def test_what_is_no_review_is_refused(reviews, case, mark, reviewer, note, words):
    with pytest.raises(DataError, match=words):
        reviews.add_annotation(case, mark, reviewer, note)
    assert not reviews.path.exists()


@pytest.mark.parametrize("model", ["../../elsewhere", "/elsewhere", "..", ""])
def test_no_id_of_a_model_leads_out_of_the_runs(tmp_path, model):
    assert ReviewStore.for_model(tmp_path, model).path.resolve().is_relative_to(tmp_path)


def test_what_is_taken_in_does_not_replace_what_is_newer(reviews):
    reviews.add_annotation("1", "subtle", "A")
    (standing,) = reviews.all()
    older = Review("1", "correct", "", "A", "2020-01-01T00:00:00Z")
    other = Review("1", "correct", "", "B", "2020-01-01T00:00:00+00:00")
    assert reviews.merge([standing, older, other]) == (1, 1, 1)
    assert _marks(reviews) == {("1", "A"): "subtle", ("1", "B"): "correct"}
    assert reviews.merge([other]) == (0, 1, 0)
    newer = Review("1", "artefact", "", "A", "2990-01-01T00:00:00+00:00")
    assert reviews.merge([newer]) == (1, 0, 0)
    reviews.undo("A")
    assert _marks(reviews)["1", "A"] == "subtle"


def test_two_processes_at_once_lose_nothing(reviews):
    writers = [_writer(reviews, name, 60) for name in ("A", "B")]
    for writer in writers:
        writer.communicate(timeout=120)
        assert writer.returncode == 0
    wanted = {(f"film {number}", name) for number in range(60) for name in ("A", "B")}
    assert _marks(reviews).keys() == wanted


def test_many_may_begin_at_once(reviews):
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: reviews.add_annotation("1", "subtle", f"N{number}"), range(64)))
    assert len(reviews.all()) == 64


def test_one_mark_is_taken_back_once(reviews):
    for number in range(20):
        reviews.add_annotation(str(number), "subtle", "A")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: reviews.undo("A"), range(20)))
    assert sorted(found) == sorted(str(number) for number in range(20))
    assert reviews.all() == []


def test_a_killed_writer_leaves_all_that_it_had_written(reviews):
    writer = _writer(reviews, "A", 100_000)
    assert writer.stdout is not None
    said = [writer.stdout.readline().strip() for _ in range(25)]
    writer.send_signal(signal.SIGKILL)
    said += writer.stdout.read().split("\n")
    writer.stdout.close()
    assert writer.wait(30) == -signal.SIGKILL
    written = {review.case for review in reviews.all()}
    # One more may be on disk that it had no time to tell.
    assert {line for line in said if line} <= written
    assert len(written) <= len([line for line in said if line]) + 1
    connection = sqlite3.connect(reviews.path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    reviews.add_annotation("film 0", "correct", "B")
    assert ("film 0", "B") in _marks(reviews)


def test_a_file_without_its_table_holds_nothing(reviews):
    reviews.path.parent.mkdir(parents=True)
    reviews.path.touch()
    assert reviews.all() == []
    reviews.add_annotation("1", "subtle", "A")
    assert len(reviews.all()) == 1


def test_another_file_in_its_place_is_said_and_kept(reviews):
    reviews.path.parent.mkdir(parents=True)
    reviews.path.write_text("no database at all, but long enough to be looked at")
    with pytest.raises(DataError, match="cannot be read"):
        reviews.all()
    with pytest.raises(DataError, match="cannot be written"):
        reviews.add_annotation("1", "subtle", "A")
    assert reviews.path.read_text().startswith("no database")


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "reviews").touch()
    with pytest.raises(DataError, match="cannot be written"):
        ReviewStore.for_model(tmp_path, "model").add_annotation("1", "subtle", "A")
