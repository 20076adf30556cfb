"""Atomic writes: readers see the old content or the new one."""

from concurrent.futures import ThreadPoolExecutor

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
