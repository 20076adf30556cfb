"""The queue: in order, on the disk, and for one process at a time."""

import threading

import pytest

from fracture_core.errors import TrainingError
from fracture_core.training import queue
from fracture_core.training.queue import Waiting


@pytest.fixture
def root(tmp_path):
    with queue.locked(tmp_path / "runs") as line:
        line += [Waiting("a"), Waiting("b", finish_only=True), Waiting("c")]
    return tmp_path / "runs"


def names(root) -> list[str]:
    return [one.name for one in queue.waiting(root)]


def test_order(root):
    assert queue.waiting(root)[1] == Waiting("b", finish_only=True)
    assert [queue.place(root, name) for name in ("a", "c", "z")] == [1, 3, 0]
    queue.up(root, "c")
    assert names(root) == ["a", "c", "b"]
    queue.up(root, "a")
    assert names(root) == ["a", "c", "b"]
    queue.remove(root, "c")
    assert names(root) == ["a", "b"]
    for change in (queue.up, queue.remove):
        with pytest.raises(TrainingError, match="c does not: it may have begun"):
            change(root, "c")


@pytest.mark.parametrize("text", [None, "", "{", "[1]", '[{"colour": 1}]'])
def test_a_file_that_cannot_be_read_is_empty(tmp_path, text):
    if text is not None:
        (tmp_path / "queue.json").write_text(text)
    assert queue.waiting(tmp_path) == ()
    with queue.locked(tmp_path) as line:
        line.append(Waiting("a"))
    assert names(tmp_path) == ["a"]


def test_many_at_once_lose_nothing(root):
    def add(number: int) -> None:
        with queue.locked(root) as line:
            line.append(Waiting(f"n{number}"))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names(root)[3:]) == sorted(f"n{number}" for number in range(20))


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="choose another folder"), queue.locked(tmp_path / "file"):
        pass


def test_a_queue_that_is_held_for_long(root, monkeypatch):
    monkeypatch.setattr(queue, "_PATIENCE", 0.1)
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with queue.locked(root):
            inside.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(30)
    with pytest.raises(TrainingError, match="another process holds it: try again"), queue.locked(root):
        pass
    done.set()
    holder.join()


def test_a_full_disk(root, monkeypatch):
    def full(*_given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(queue, "write_atomically", full)
    with pytest.raises(TrainingError, match="No space left on device"):
        queue.remove(root, "a")
    assert names(root) == ["a", "b", "c"]


def test_what_the_disk_refuses_meanwhile_is_told(root):
    with pytest.raises(TrainingError, match="No space left on device”: free some space"), queue.locked(root):
        raise OSError(28, "No space left on device")
