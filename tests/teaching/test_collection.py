"""Teaching files on disk: filled, put in order, renamed, deleted; two users lose nothing."""

import threading
from pathlib import Path

import pytest

from fracture_core.errors import DataError
from fracture_core.teaching.collection import MOST, Collection, Entry
from fracture_core.teaching.shelf import Shelf


@pytest.fixture
def shelf(tmp_path):
    return Shelf.of(tmp_path, "tiny")


def test_films_are_added_once_moved_and_taken_out(shelf):
    shelf.change("Wrists", lambda found: found.with_films(("a", "b", "a", "c")))
    assert shelf.get("Wrists").cases == ("a", "b", "c")
    shelf.change("Wrists", lambda found: found.moved("c", -1))
    assert shelf.get("Wrists").cases == ("a", "c", "b")
    shelf.change("Wrists", lambda found: found.moved("a", -1).moved("b", 5))
    assert shelf.get("Wrists").cases == ("a", "c", "b")
    shelf.change("Wrists", lambda found: found.toggled("c").toggled("d").noted("b", "  look at the ulna "))
    assert shelf.get("Wrists").entries == (Entry("a"), Entry("b", "look at the ulna"), Entry("d"))


def test_a_film_that_somebody_else_took_out_is_not_moved():
    found = Collection("a").toggled("b")
    assert found.moved("gone", 1) == found


@pytest.mark.parametrize("act", [lambda shelf: shelf.delete("one"), lambda shelf: shelf.rename("one", "two")])
def test_a_file_that_cannot_be_deleted_is_said_and_stays_the_only_one(shelf, monkeypatch, act):
    shelf.change("one", lambda found: found.toggled("a"))
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
    shelf.change(name, lambda found: found.toggled("a"))
    assert shelf.names() == [name]
    assert Shelf(shelf.folder).get(name).cases == ("a",)
    assert [path.parent for path in shelf.folder.iterdir()] == [shelf.folder]


@pytest.mark.parametrize("name", ["", " a", "a\nb", "x" * 81])
def test_a_name_that_cannot_be_is_said(shelf, name):
    with pytest.raises(DataError, match="Expected a name of at most 80 characters"):
        shelf.change(name, lambda found: found.toggled("a"))
    assert shelf.names() == []


def test_limits_are_said():
    with pytest.raises(DataError, match="at most 60 films"):
        Collection("a").with_films(tuple(map(str, range(MOST + 1))))
    with pytest.raises(DataError, match="shorten it"):
        Collection("a").toggled("b").noted("b", "x" * 501)


def test_renamed_and_deleted(shelf):
    for name in ("one", "Two"):
        shelf.change(name, lambda found: found.toggled("a"))
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
    shelf.change("whole", lambda found: found.toggled("a"))
    shelf.change("broken", lambda found: found.toggled("a"))
    shelf._path("broken").write_text("{")
    assert shelf.names() == ["whole"]
    with pytest.raises(DataError, match="delete that file and begin anew"):
        shelf.get("broken")


def test_users_at_once_lose_nothing(shelf):
    threads = [
        threading.Thread(target=shelf.change, args=("all", lambda found, case=str(k): found.toggled(case)))
        for k in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(shelf.get("all").cases, key=int) == [str(k) for k in range(20)]
