"""A file is old or new, never half."""

from fracture_core.atomic import write_atomically


def test_write_atomically_leaves_one_file(tmp_path):
    path = tmp_path / "a.json"
    for text in ("one", "two"):
        write_atomically(path, text)
    assert path.read_text() == "two"
    assert list(tmp_path.iterdir()) == [path]
