"""Atomic writes: readers see the old content or the new one."""

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fracture_core.io.atomic_write import write_atomically


def test_write_atomically_leaves_one_file(tmp_path):
    path = tmp_path / "a.json"
    for text in ("one", "two"):
        write_atomically(path, text)
    assert path.read_text() == "two"
    assert list(tmp_path.iterdir()) == [path]


def test_concurrent_writers_never_mix_their_contents(tmp_path):
    path = tmp_path / "a.json"
    texts = [letter * 100_000 for letter in "ab"]
    write_atomically(path, texts[0])
    with ThreadPoolExecutor(2) as pool:
        writers = [
            pool.submit(lambda text: [write_atomically(path, text) for _ in range(50)], text)
            for text in texts
        ]
        while not all(writer.done() for writer in writers):
            assert path.read_text() in texts
    assert [writer.result() for writer in writers]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failing", ["write_text", "replace"])
def test_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, failing):
    path = tmp_path / "state.json"
    path.write_text("old")
    original = Path.write_text

    def fail(self, *arguments, **options):
        if failing == "write_text":
            original(self, "par")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, failing, fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, "new")
    monkeypatch.undo()
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]
    assert path.read_text() == "old"
