"""Teaching files on disk: filled, put in order, renamed, deleted; two users lose nothing."""

import threading
from pathlib import Path

import pytest

from fracture_core.errors import DataError
from fracture_core.teaching.lesson import MAX_ENTRIES, Lesson, LessonEntry
from fracture_core.teaching.lesson_store import LessonStore


@pytest.fixture
def shelf(tmp_path):
    return LessonStore.for_model(tmp_path, "tiny")


def test_films_are_added_once_moved_and_taken_out(shelf):
    shelf.update("Wrists", lambda found: found.with_cases(("a", "b", "a", "c")))
    assert shelf.load("Wrists").cases == ("a", "b", "c")
    shelf.update("Wrists", lambda found: found.with_case_moved("c", -1))
    assert shelf.load("Wrists").cases == ("a", "c", "b")
    shelf.update("Wrists", lambda found: found.with_case_moved("a", -1).with_case_moved("b", 5))
    assert shelf.load("Wrists").cases == ("a", "c", "b")
    shelf.update(
        "Wrists",
        lambda found: (
            found.with_case_toggled("c").with_case_toggled("d").with_note("b", "  look at the ulna ")
        ),
    )
    assert shelf.load("Wrists").entries == (
        LessonEntry("a"),
        LessonEntry("b", "look at the ulna"),
        LessonEntry("d"),
    )


def test_a_film_that_somebody_else_took_out_is_not_moved():
    found = Lesson("a").with_case_toggled("b")
    assert found.with_case_moved("gone", 1) == found


@pytest.mark.parametrize("act", [lambda shelf: shelf.delete("one"), lambda shelf: shelf.rename("one", "two")])
def test_a_file_that_cannot_be_deleted_is_said_and_stays_the_only_one(shelf, monkeypatch, act):
    shelf.update("one", lambda found: found.with_case_toggled("a"))
    held, unlink = shelf._path("one"), Path.unlink

    def refuse(path, **how):
        if path == held:
            raise PermissionError(13, "Permission denied")
        unlink(path, **how)

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(DataError, match="said “Permission denied”"):
        act(shelf)
    assert shelf.names() == ["one"]


@pytest.mark.parametrize("name", ["../../etc", "a/b", "ä: ?*", "x" * 80, "con"])
def test_any_name_can_be_kept(shelf, name):
    shelf.update(name, lambda found: found.with_case_toggled("a"))
    assert shelf.names() == [name]
    assert LessonStore(shelf.folder).load(name).cases == ("a",)
    assert [path.parent for path in shelf.folder.iterdir()] == [shelf.folder]


@pytest.mark.parametrize("name", ["", " a", "a\nb", "x" * 81])
def test_a_name_that_cannot_be_is_said(shelf, name):
    with pytest.raises(DataError, match="Expected a name of at most 80 characters"):
        shelf.update(name, lambda found: found.with_case_toggled("a"))
    assert shelf.names() == []


def test_limits_are_said():
    with pytest.raises(DataError, match="at most 60 films"):
        Lesson("a").with_cases(tuple(map(str, range(MAX_ENTRIES + 1))))
    with pytest.raises(DataError, match="shorten it"):
        Lesson("a").with_case_toggled("b").with_note("b", "x" * 501)


def test_renamed_and_deleted(shelf):
    for name in ("one", "Two"):
        shelf.update(name, lambda found: found.with_case_toggled("a"))
    with pytest.raises(DataError, match="name that is free"):
        shelf.rename("one", "Two")
    shelf.rename("one", "one")
    with pytest.raises(DataError, match="a teaching file 'gone', but there is none"):
        shelf.rename("gone", "come")
    assert "come" not in shelf
    shelf.rename("one", "three")
    assert shelf.names() == ["three", "Two"]
    shelf.delete("three")
    shelf.delete("nobody")
    assert shelf.names() == ["Two"]


def test_a_damaged_file_is_said_and_hides_no_other(shelf):
    shelf.update("whole", lambda found: found.with_case_toggled("a"))
    shelf.update("broken", lambda found: found.with_case_toggled("a"))
    shelf._path("broken").write_text("{")
    assert shelf.names() == ["whole"]
    with pytest.raises(DataError, match="delete that file and begin anew"):
        shelf.load("broken")


def test_users_at_once_lose_nothing(shelf):
    threads = [
        threading.Thread(
            target=shelf.update, args=("all", lambda found, case=str(k): found.with_case_toggled(case))
        )
        for k in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(shelf.load("all").cases, key=int) == [str(k) for k in range(20)]
