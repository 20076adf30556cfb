"""Similarity search: cached features, a thread that can be stopped, and cosine distances."""

import threading

import numpy as np
import pytest

from fracture_core.inference.similarity_search import SimilaritySearch


@pytest.fixture
def numbered_files(tmp_path):
    """Twelve files that contain their own number; features are two clusters, even and odd."""
    paths = {}
    for number in range(12):
        path = tmp_path / "films" / f"{number:02d}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes([number]))
        paths[f"film{number}"] = path
    return paths


def extract(path):
    number = path.read_bytes()[0]
    if number == 11:
        return None
    rng = np.random.default_rng(number)
    return np.array([*rng.normal(10 * (number % 2), 1, 6), *rng.normal(0, 1, 2)])


def run_search(films, tmp_path, extract=extract, weights="w"):
    search = SimilaritySearch(films, extract, weights, tmp_path / "cache")
    search.wait(30)
    return search


def test_own_cluster_is_nearer_than_the_other(numbered_files, tmp_path):
    distances = run_search(numbered_files, tmp_path).distances("film4")
    order = list(distances.sort_values().index)
    assert order[0] == "film4"
    assert distances["film4"] == 0
    assert {int(name[4:]) % 2 for name in order[:6]} == {0}
    assert distances.drop("film11").between(0, 2.001).all()
    assert np.isinf(distances["film11"])


def test_reference_without_features_has_infinite_distances(numbered_files, tmp_path):
    assert np.isinf(run_search(numbered_files, tmp_path).distances("film11")).all()


def test_features_are_extracted_once_per_network(numbered_files, tmp_path):
    first = run_search(numbered_files, tmp_path).distances("film2")
    extracted = []

    def extract_and_count(path):
        extracted.append(path)
        return extract(path)

    cached = run_search(numbered_files, tmp_path, extract_and_count).distances("film2")
    assert cached.to_numpy() == pytest.approx(first.to_numpy())
    assert [path.stem for path in extracted] == ["11"]  # an image without features is tried again
    run_search(numbered_files, tmp_path, extract_and_count, weights="another")
    assert len(extracted) == 13


def test_changed_file_and_damaged_cache_are_extracted_again(numbered_files, tmp_path):
    run_search(numbered_files, tmp_path)
    numbered_files["film3"].write_bytes(bytes([3, 3]))
    extracted = []

    def extract_and_count(path):
        extracted.append(path.stem)
        return extract(path)

    run_search(numbered_files, tmp_path, extract_and_count)
    assert extracted == ["03", "11"]
    (cache_file,) = (tmp_path / "cache").iterdir()
    cache_file.write_bytes(b"PK nonsense")
    extracted.clear()
    assert run_search(numbered_files, tmp_path, extract_and_count).distances("film1") is not None
    assert len(extracted) == 12


def test_stopped_search_keeps_its_features(numbered_files, tmp_path):
    started, resume = threading.Event(), threading.Event()

    def extract_slowly(path):
        if path.stem == "05":
            started.set()
            resume.wait(30)
        return extract(path)

    search = SimilaritySearch(numbered_files, extract_slowly, "w", tmp_path / "cache")
    assert started.wait(30)
    assert search.is_running
    assert search.distances("film1") is None
    search.stop()
    resume.set()
    search.wait(30)
    assert (search.is_running, search.is_stopped, search.done) == (False, True, 6)
    assert search.distances("film1") is None
    extracted = []

    def extract_and_count(path):
        extracted.append(path.stem)
        return extract(path)

    run_search(numbered_files, tmp_path, extract_and_count)
    assert len(extracted) == 6


def test_missing_image_and_too_few_images(numbered_files, tmp_path):
    numbered_files["film0"].unlink()
    distances = run_search(numbered_files, tmp_path).distances("film4")
    assert np.isinf(distances["film0"])
    few = dict(list(numbered_files.items())[1:3])
    assert np.isinf(run_search(few, tmp_path).distances("film1")).all()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_error_of_the_thread_is_raised_by_distances(numbered_files, tmp_path):
    def fail(path):
        raise MemoryError

    with pytest.raises(MemoryError):
        run_search(numbered_files, tmp_path, fail).distances("film1")
