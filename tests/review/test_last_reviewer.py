"""The reviewer's name, remembered for each user of this computer."""

from fracture_core.review import last_reviewer


def test_name_is_remembered_for_each_user(tmp_path, monkeypatch):
    root = tmp_path / "runs"
    assert last_reviewer.last_reviewer(root) == ""
    last_reviewer.remember_reviewer(root, "Reader Ä")
    assert last_reviewer.last_reviewer(root) == "Reader Ä"
    monkeypatch.setattr(last_reviewer.getpass, "getuser", lambda: "another")
    assert last_reviewer.last_reviewer(root) == ""
    last_reviewer.remember_reviewer(root, "B")
    monkeypatch.undo()
    assert last_reviewer.last_reviewer(root) == "Reader Ä"


def test_damaged_file_is_no_name(tmp_path):
    for content in ("{", "[1]", '{"root": 1}', "[" * 10000):
        (tmp_path / ".reviewers.json").write_text(content)
        assert last_reviewer.last_reviewer(tmp_path) == ""
    last_reviewer.remember_reviewer(tmp_path, "A")
    assert last_reviewer.last_reviewer(tmp_path) == "A"


def test_user_without_an_entry_has_a_name(tmp_path, monkeypatch):
    def fail() -> str:
        raise KeyError("no user")

    monkeypatch.setattr(last_reviewer.getpass, "getuser", fail)
    last_reviewer.remember_reviewer(tmp_path, "A")
    assert last_reviewer.last_reviewer(tmp_path) == "A"
