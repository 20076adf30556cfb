"""The queue of waiting runs, shared by processes."""

import threading

import pytest

from fracture_core.errors import TrainingError
from fracture_core.runs import queue
from fracture_core.runs.queue import WaitingRun


@pytest.fixture
def root(tmp_path):
    with queue.locked_queue(tmp_path / "runs") as waiting:
        waiting += [WaitingRun("a"), WaitingRun("b", finish_only=True), WaitingRun("c")]
    return tmp_path / "runs"


def names(root) -> list[str]:
    return [entry.name for entry in queue.waiting_runs(root)]


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
        with pytest.raises(TrainingError, match=r"c is not in the queue\. It may have started"):
            change(root, "c")


@pytest.mark.parametrize("text", [None, "", "{", "[1]", '[{"colour": 1}]'])
def test_damaged_file_is_an_empty_queue(tmp_path, text):
    if text is not None:
        (tmp_path / "queue.json").write_text(text)
    assert queue.waiting_runs(tmp_path) == ()
    with queue.locked_queue(tmp_path) as waiting:
        waiting.append(WaitingRun("a"))
    assert names(tmp_path) == ["a"]


def test_concurrent_additions_are_all_kept(root):
    def add(number: int) -> None:
        with queue.locked_queue(root) as waiting:
            waiting.append(WaitingRun(f"n{number}"))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names(root)[3:]) == sorted(f"n{number}" for number in range(20))


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="Choose another folder"), queue.locked_queue(tmp_path / "file"):
        pass


def test_lock_timeout(root, monkeypatch):
    monkeypatch.setattr(queue, "_LOCK_TIMEOUT", 0.1)
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with queue.locked_queue(root):
            inside.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(30)
    with pytest.raises(TrainingError, match="Another process has locked the queue"), queue.locked_queue(root):
        pass
    done.set()
    holder.join()


def test_full_disk_leaves_the_queue_unchanged(root, monkeypatch):
    def full(*_given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(queue, "write_atomically", full)
    with pytest.raises(TrainingError, match="No space left on device"):
        queue.remove_from_queue(root, "a")
    assert names(root) == ["a", "b", "c"]


def test_write_error_under_the_lock_is_reported(root):
    with (
        pytest.raises(TrainingError, match=r"No space left on device\). Free some disk space"),
        queue.locked_queue(root),
    ):
        raise OSError(28, "No space left on device")
