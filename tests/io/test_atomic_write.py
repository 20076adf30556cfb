"""A file is old or new, never half."""

from concurrent.futures import ThreadPoolExecutor

from fracture_core.io.atomic_write import write_atomically


def test_write_atomically_leaves_one_file(tmp_path):
    path = tmp_path / "a.json"
    for text in ("one", "two"):
        write_atomically(path, text)
    assert path.read_text() == "two"
    assert list(tmp_path.iterdir()) == [path]


def test_threads_do_not_share_what_is_half_written(tmp_path):
    path = tmp_path / "a.json"
    texts = [letter * 100_000 for letter in "ab"]
    write_atomically(path, texts[0])
    with ThreadPoolExecutor(2) as pool:
        writing = [
            pool.submit(lambda text: [write_atomically(path, text) for _ in range(50)], text)
            for text in texts
        ]
        while not all(work.done() for work in writing):
            assert path.read_text() in texts
    assert [work.result() for work in writing]
    assert list(tmp_path.iterdir()) == [path]
