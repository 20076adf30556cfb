"""The queue of waiting runs, shared by processes."""

import threading

import pytest

from fracture_core.errors import TrainingError
from fracture_core.runs import queue
from fracture_core.runs.queue import WaitingRun


@pytest.fixture
def folder_with_queue(tmp_path):
    """A folder of runs with a queue of three runs."""
    with queue.locked_queue(tmp_path / "runs") as waiting:
        waiting += [WaitingRun("a"), WaitingRun("b", finish_only=True), WaitingRun("c")]
    return tmp_path / "runs"


def names(root) -> list[str]:
    return [entry.name for entry in queue.waiting_runs(root)]


def test_order_is_changed(folder_with_queue):
    assert queue.waiting_runs(folder_with_queue)[1] == WaitingRun("b", finish_only=True)
    assert [queue.queue_position(folder_with_queue, name) for name in ("a", "c", "z")] == [1, 3, 0]
    queue.move_up(folder_with_queue, "c")
    assert names(folder_with_queue) == ["a", "c", "b"]
    queue.move_up(folder_with_queue, "a")
    assert names(folder_with_queue) == ["a", "c", "b"]
    queue.remove_from_queue(folder_with_queue, "c")
    assert names(folder_with_queue) == ["a", "b"]
    for change in (queue.move_up, queue.remove_from_queue):
        with pytest.raises(TrainingError, match=r"c is not in the queue\. It may have started"):
            change(folder_with_queue, "c")


@pytest.mark.parametrize("text", [None, "", "{", "[1]", '[{"colour": 1}]'])
def test_damaged_file_is_an_empty_queue(tmp_path, text):
    if text is not None:
        (tmp_path / "queue.json").write_text(text)
    assert queue.waiting_runs(tmp_path) == ()
    with queue.locked_queue(tmp_path) as waiting:
        waiting.append(WaitingRun("a"))
    assert names(tmp_path) == ["a"]


def test_concurrent_additions_are_all_kept(folder_with_queue):
    def add(number: int) -> None:
        with queue.locked_queue(folder_with_queue) as waiting:
            waiting.append(WaitingRun(f"n{number}"))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names(folder_with_queue)[3:]) == sorted(f"n{number}" for number in range(20))


def test_unwritable_folder_is_reported(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="Choose another folder"), queue.locked_queue(tmp_path / "file"):
        pass


def test_lock_timeout_is_reported(folder_with_queue, monkeypatch):
    monkeypatch.setattr(queue, "_LOCK_TIMEOUT", 0.1)
    is_locked, may_release = threading.Event(), threading.Event()

    def hold_the_lock() -> None:
        with queue.locked_queue(folder_with_queue):
            is_locked.set()
            may_release.wait(30)

    holder = threading.Thread(target=hold_the_lock)
    holder.start()
    is_locked.wait(30)
    with (
        pytest.raises(TrainingError, match="Another process has locked the queue"),
        queue.locked_queue(folder_with_queue),
    ):
        pass
    may_release.set()
    holder.join()


def test_full_disk_leaves_the_queue_unchanged(folder_with_queue, monkeypatch):
    def fail_with_full_disk(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(queue, "write_atomically", fail_with_full_disk)
    with pytest.raises(TrainingError, match="No space left on device"):
        queue.remove_from_queue(folder_with_queue, "a")
    assert names(folder_with_queue) == ["a", "b", "c"]


def test_write_error_under_the_lock_is_reported(folder_with_queue):
    with (
        pytest.raises(TrainingError, match=r"No space left on device\). Free some disk space"),
        queue.locked_queue(folder_with_queue),
    ):
        raise OSError(28, "No space left on device")
