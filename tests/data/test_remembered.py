"""The folders that were used before."""

import json

import pytest

from fracture_core.data import remembered


def test_the_last_folder_comes_first_and_each_once(tmp_path):
    names = [str(tmp_path / name) for name in "abc"]
    for name in names:
        (tmp_path / name[-1]).mkdir()
        remembered.remember(tmp_path / "runs", name)
    remembered.remember(tmp_path / "runs", names[0])
    assert remembered.folders(tmp_path / "runs") == [names[0], names[2], names[1]]


def test_what_is_gone_is_not_offered_and_comes_back(tmp_path):
    folder = tmp_path / "disk"
    remembered.remember(tmp_path, str(folder))
    assert remembered.folders(tmp_path) == []
    folder.mkdir()
    assert remembered.folders(tmp_path) == [str(folder)]


def test_few_are_kept(tmp_path):
    for number in range(20):
        remembered.remember(tmp_path, f"/set{number}")
    kept = json.loads((tmp_path / ".folders.json").read_text())
    assert kept == [f"/set{number}" for number in range(19, 19 - remembered.MOST, -1)]


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[1, null]", "\x00"])
def test_a_damaged_file_is_begun_anew(tmp_path, text):
    (tmp_path / ".folders.json").write_text(text)
    assert remembered.folders(tmp_path) == []
    remembered.remember(tmp_path, str(tmp_path))
    assert remembered.folders(tmp_path) == [str(tmp_path)]


def test_a_disk_that_refuses_forgets(tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    remembered.remember(blocked / "runs", "/films")
    assert remembered.folders(blocked / "runs") == []
