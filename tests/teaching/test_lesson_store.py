"""LessonStore: lessons are filled, ordered, renamed and deleted; concurrent changes are kept."""

import threading
from pathlib import Path

import pytest

from fracture_core.errors import DataError
from fracture_core.teaching.lesson import MAX_ENTRIES, Lesson, LessonEntry
from fracture_core.teaching.lesson_store import LessonStore


@pytest.fixture
def lesson_store(tmp_path):
    """The lessons of the model `tiny`; none yet."""
    return LessonStore.for_model(tmp_path, "tiny")


def test_cases_are_added_once_moved_and_removed(lesson_store):
    lesson_store.update("Wrists", lambda lesson: lesson.with_cases(("a", "b", "a", "c")))
    assert lesson_store.load("Wrists").cases == ("a", "b", "c")
    lesson_store.update("Wrists", lambda lesson: lesson.with_case_moved("c", -1))
    assert lesson_store.load("Wrists").cases == ("a", "c", "b")
    lesson_store.update("Wrists", lambda lesson: lesson.with_case_moved("a", -1).with_case_moved("b", 5))
    assert lesson_store.load("Wrists").cases == ("a", "c", "b")
    lesson_store.update(
        "Wrists",
        lambda lesson: (
            lesson.with_case_toggled("c").with_case_toggled("d").with_note("b", "  look at the ulna ")
        ),
    )
    assert lesson_store.load("Wrists").entries == (
        LessonEntry("a"),
        LessonEntry("b", "look at the ulna"),
        LessonEntry("d"),
    )


def test_removed_case_is_not_moved():
    lesson = Lesson("a").with_case_toggled("b")
    assert lesson.with_case_moved("gone", 1) == lesson


@pytest.mark.parametrize(
    "action", [lambda store: store.delete("one"), lambda store: store.rename("one", "two")]
)
def test_failed_deletion_is_reported_and_leaves_one_file(lesson_store, monkeypatch, action):
    lesson_store.update("one", lambda lesson: lesson.with_case_toggled("a"))
    protected, unlink = lesson_store._path("one"), Path.unlink

    def refuse(path, **options):
        if path == protected:
            raise PermissionError(13, "Permission denied")
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(DataError, match=r"could not be deleted \(Permission denied\)"):
        action(lesson_store)
    assert lesson_store.names() == ["one"]


@pytest.mark.parametrize("name", ["../../etc", "a/b", "ä: ?*", "x" * 80, "con"])
def test_any_printable_name_can_be_stored(lesson_store, name):
    lesson_store.update(name, lambda lesson: lesson.with_case_toggled("a"))
    assert lesson_store.names() == [name]
    assert LessonStore(lesson_store.folder).load(name).cases == ("a",)
    assert [path.parent for path in lesson_store.folder.iterdir()] == [lesson_store.folder]


@pytest.mark.parametrize("name", ["", " a", "a\nb", "x" * 81])
def test_invalid_name_is_refused(lesson_store, name):
    with pytest.raises(DataError, match="enter 1 to 80 characters"):
        lesson_store.update(name, lambda lesson: lesson.with_case_toggled("a"))
    assert lesson_store.names() == []


def test_size_limits_are_enforced():
    with pytest.raises(DataError, match="at most 60 images"):
        Lesson("a").with_cases(tuple(map(str, range(MAX_ENTRIES + 1))))
    with pytest.raises(DataError, match="shorten it"):
        Lesson("a").with_case_toggled("b").with_note("b", "x" * 501)


def test_rename_and_delete(lesson_store):
    for name in ("one", "Two"):
        lesson_store.update(name, lambda lesson: lesson.with_case_toggled("a"))
    with pytest.raises(DataError, match="'Two' exists already"):
        lesson_store.rename("one", "Two")
    lesson_store.rename("one", "one")
    with pytest.raises(DataError, match="no teaching file 'gone'"):
        lesson_store.rename("gone", "come")
    assert "come" not in lesson_store
    lesson_store.rename("one", "three")
    assert lesson_store.names() == ["three", "Two"]
    lesson_store.delete("three")
    lesson_store.delete("nobody")
    assert lesson_store.names() == ["Two"]


def test_damaged_file_is_reported_and_does_not_hide_others(lesson_store):
    lesson_store.update("whole", lambda lesson: lesson.with_case_toggled("a"))
    lesson_store.update("broken", lambda lesson: lesson.with_case_toggled("a"))
    lesson_store._path("broken").write_text("{")
    assert lesson_store.names() == ["whole"]
    with pytest.raises(DataError, match="delete it and create a new one"):
        lesson_store.load("broken")


def test_concurrent_changes_are_all_kept(lesson_store):
    threads = [
        threading.Thread(
            target=lesson_store.update,
            args=("all", lambda lesson, case=str(k): lesson.with_case_toggled(case)),
        )
        for k in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lesson_store.load("all").cases, key=int) == [str(k) for k in range(20)]
