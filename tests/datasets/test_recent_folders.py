"""The folders that were used before."""

import json

import pytest

from fracture_core.datasets import recent_folders


def test_the_last_folder_comes_first_and_each_once(tmp_path):
    names = [str(tmp_path / name) for name in "abc"]
    for name in names:
        (tmp_path / name[-1]).mkdir()
        recent_folders.remember_folder(tmp_path / "runs", name)
    recent_folders.remember_folder(tmp_path / "runs", names[0])
    assert recent_folders.recent_folders(tmp_path / "runs") == [names[0], names[2], names[1]]


def test_what_is_gone_is_not_offered_and_comes_back(tmp_path):
    folder = tmp_path / "disk"
    recent_folders.remember_folder(tmp_path, str(folder))
    assert recent_folders.recent_folders(tmp_path) == []
    folder.mkdir()
    assert recent_folders.recent_folders(tmp_path) == [str(folder)]


def test_few_are_kept(tmp_path):
    for number in range(20):
        recent_folders.remember_folder(tmp_path, f"/set{number}")
    kept = json.loads((tmp_path / ".folders.json").read_text())
    assert kept == [f"/set{number}" for number in range(19, 19 - recent_folders.MAX_FOLDERS, -1)]


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[1, null]", "\x00"])
def test_a_damaged_file_is_begun_anew(tmp_path, text):
    (tmp_path / ".folders.json").write_text(text)
    assert recent_folders.recent_folders(tmp_path) == []
    recent_folders.remember_folder(tmp_path, str(tmp_path))
    assert recent_folders.recent_folders(tmp_path) == [str(tmp_path)]


def test_a_disk_that_refuses_forgets(tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    recent_folders.remember_folder(blocked / "runs", "/films")
    assert recent_folders.recent_folders(blocked / "runs") == []
