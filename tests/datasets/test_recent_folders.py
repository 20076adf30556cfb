"""Recently used dataset folders."""

import json

import pytest

from fracture_core.datasets import recent_folders


def test_most_recent_folder_comes_first(tmp_path):
    names = [str(tmp_path / name) for name in "abc"]
    for name in names:
        (tmp_path / name[-1]).mkdir()
        recent_folders.remember_folder(tmp_path / "runs", name)
    recent_folders.remember_folder(tmp_path / "runs", names[0])
    assert recent_folders.recent_folders(tmp_path / "runs") == [names[0], names[2], names[1]]


def test_missing_folder_is_hidden_until_it_returns(tmp_path):
    folder = tmp_path / "disk"
    recent_folders.remember_folder(tmp_path, str(folder))
    assert recent_folders.recent_folders(tmp_path) == []
    folder.mkdir()
    assert recent_folders.recent_folders(tmp_path) == [str(folder)]


def test_number_of_folders_is_limited(tmp_path):
    for number in range(20):
        recent_folders.remember_folder(tmp_path, f"/set{number}")
    stored = json.loads((tmp_path / ".folders.json").read_text())
    assert stored == [f"/set{number}" for number in range(19, 19 - recent_folders.MAX_FOLDERS, -1)]


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[1, null]", "\x00"])
def test_damaged_file_is_replaced(tmp_path, text):
    (tmp_path / ".folders.json").write_text(text)
    assert recent_folders.recent_folders(tmp_path) == []
    recent_folders.remember_folder(tmp_path, str(tmp_path))
    assert recent_folders.recent_folders(tmp_path) == [str(tmp_path)]


def test_write_error_is_ignored(tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    recent_folders.remember_folder(blocked / "runs", "/films")
    assert recent_folders.recent_folders(blocked / "runs") == []
