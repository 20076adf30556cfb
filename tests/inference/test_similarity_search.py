"""Films by how alike they are: looked at once, in a thread that can be stopped."""

import threading

import numpy as np
import pytest

from fracture_core.inference.similarity_search import SimilaritySearch


@pytest.fixture
def films(tmp_path):
    """Twelve files whose features are their own number, a class each half."""
    found = {}
    for number in range(12):
        path = tmp_path / "films" / f"{number:02d}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes([number]))
        found[f"film{number}"] = path
    return found


def look(path):
    number = path.read_bytes()[0]
    if number == 11:
        return None
    rng = np.random.default_rng(number)
    return np.array([*rng.normal(10 * (number % 2), 1, 6), *rng.normal(0, 1, 2)])


def of(films, tmp_path, look=look, weights="w"):
    work = SimilaritySearch(films, look, weights, tmp_path / "cache")
    work.wait(30)
    return work


def test_the_film_itself_comes_first_and_its_kind_before_the_others(films, tmp_path):
    away = of(films, tmp_path).distances("film4")
    order = list(away.sort_values().index)
    assert order[0] == "film4"
    assert away["film4"] == 0
    assert {int(name[4:]) % 2 for name in order[:6]} == {0}
    assert away.drop("film11").between(0, 2.001).all()
    assert np.isinf(away["film11"])


def test_of_a_film_that_could_not_be_judged_nothing_is_near(films, tmp_path):
    assert np.isinf(of(films, tmp_path).distances("film11")).all()


def test_a_film_is_looked_at_once_for_each_network(films, tmp_path):
    first = of(films, tmp_path).distances("film2")
    seen = []

    def again(path):
        seen.append(path)
        return look(path)

    found = of(films, tmp_path, again).distances("film2")
    assert found.to_numpy() == pytest.approx(first.to_numpy())
    assert [path.stem for path in seen] == ["11"]  # what could not be judged is tried again
    of(films, tmp_path, again, weights="another")
    assert len(seen) == 13


def test_a_changed_file_is_looked_at_again_and_a_damaged_memory_is_none(films, tmp_path):
    of(films, tmp_path)
    films["film3"].write_bytes(bytes([3, 3]))
    seen = []

    def again(path):
        seen.append(path.stem)
        return look(path)

    of(films, tmp_path, again)
    assert seen == ["03", "11"]
    (memory,) = (tmp_path / "cache").iterdir()
    memory.write_bytes(b"PK nonsense")
    seen.clear()
    assert of(films, tmp_path, again).distances("film1") is not None
    assert len(seen) == 12


def test_it_can_be_stopped_and_keeps_what_it_saw(films, tmp_path):
    reached, go = threading.Event(), threading.Event()

    def slow(path):
        if path.stem == "05":
            reached.set()
            go.wait(30)
        return look(path)

    work = SimilaritySearch(films, slow, "w", tmp_path / "cache")
    assert reached.wait(30)
    assert work.is_running
    assert work.distances("film1") is None
    work.stop()
    go.set()
    work.wait(30)
    assert (work.is_running, work.is_stopped, work.done) == (False, True, 6)
    assert work.distances("film1") is None
    seen = []

    def again(path):
        seen.append(path.stem)
        return look(path)

    of(films, tmp_path, again)
    assert len(seen) == 6


def test_a_missing_film_and_too_few_films(films, tmp_path):
    films["film0"].unlink()
    away = of(films, tmp_path).distances("film4")
    assert np.isinf(away["film0"])
    few = dict(list(films.items())[1:3])
    assert np.isinf(of(few, tmp_path).distances("film1")).all()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_is_raised_where_it_is_seen(films, tmp_path):
    def broken(path):
        raise MemoryError

    with pytest.raises(MemoryError):
        of(films, tmp_path, broken).distances("film1")
