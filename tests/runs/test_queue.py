"""The queue: in order, on the disk, and for one process at a time."""

import threading

import pytest

from fracture_core.errors import TrainingError
from fracture_core.runs import queue
from fracture_core.runs.queue import WaitingRun


@pytest.fixture
def root(tmp_path):
    with queue.locked_queue(tmp_path / "runs") as line:
        line += [WaitingRun("a"), WaitingRun("b", finish_only=True), WaitingRun("c")]
    return tmp_path / "runs"


def names(root) -> list[str]:
    return [one.name for one in queue.waiting_runs(root)]


def test_order(root):
    assert queue.waiting_runs(root)[1] == WaitingRun("b", finish_only=True)
    assert [queue.queue_position(root, name) for name in ("a", "c", "z")] == [1, 3, 0]
    queue.move_up(root, "c")
    assert names(root) == ["a", "c", "b"]
    queue.move_up(root, "a")
    assert names(root) == ["a", "c", "b"]
    queue.remove_from_queue(root, "c")
    assert names(root) == ["a", "b"]
    for change in (queue.move_up, queue.remove_from_queue):
        with pytest.raises(TrainingError, match="c does not: it may have begun"):
            change(root, "c")


@pytest.mark.parametrize("text", [None, "", "{", "[1]", '[{"colour": 1}]'])
def test_a_file_that_cannot_be_read_is_empty(tmp_path, text):
    if text is not None:
        (tmp_path / "queue.json").write_text(text)
    assert queue.waiting_runs(tmp_path) == ()
    with queue.locked_queue(tmp_path) as line:
        line.append(WaitingRun("a"))
    assert names(tmp_path) == ["a"]


def test_many_at_once_lose_nothing(root):
    def add(number: int) -> None:
        with queue.locked_queue(root) as line:
            line.append(WaitingRun(f"n{number}"))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names(root)[3:]) == sorted(f"n{number}" for number in range(20))


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="choose another folder"), queue.locked_queue(tmp_path / "file"):
        pass


def test_a_queue_that_is_held_for_long(root, monkeypatch):
    monkeypatch.setattr(queue, "_PATIENCE", 0.1)
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with queue.locked_queue(root):
            inside.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(30)
    with pytest.raises(TrainingError, match="another process holds it: try again"), queue.locked_queue(root):
        pass
    done.set()
    holder.join()


def test_a_full_disk(root, monkeypatch):
    def full(*_given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(queue, "write_atomically", full)
    with pytest.raises(TrainingError, match="No space left on device"):
        queue.remove_from_queue(root, "a")
    assert names(root) == ["a", "b", "c"]


def test_what_the_disk_refuses_meanwhile_is_told(root):
    with (
        pytest.raises(TrainingError, match="No space left on device”: free some space"),
        queue.locked_queue(root),
    ):
        raise OSError(28, "No space left on device")
