"""Tests of the neighbour index: order, one image per group, distance limits, record and storage."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fracture_core.datasets.cases import Case
from fracture_core.errors import DataError, ModelError
from fracture_core.similar.neighbour_index import CLOSENESS_TEXT, NEIGHBOUR_COUNT, NeighbourIndex
from fracture_core.similar.neighbour_record import NeighbourRecord, measure_neighbours

ROOT = Path("/images")


def _dataset(name: str, groups: int, seed: int) -> tuple[list[Case], np.ndarray]:
    """Two similar images per group. Images with the finding are shifted along one direction."""
    rng = np.random.default_rng(seed)
    directions = np.random.default_rng(99).normal(0, 1, (4, 40))
    cases, features = [], []
    for group in range(groups):
        label = group % 2
        centre = (rng.normal(0, 1, 4) + np.array([4 * label, 0, 0, 0])) @ directions
        for view in range(2):
            film = f"{name}{group:03d}{'ab'[view]}"
            cases.append(Case(film, ROOT / f"{film}.png", label, group=f"{name}{group}", regions=("hand",)))
            features.append(centre + rng.normal(0, 0.05, 40))
    return cases, np.array(features, np.float32)


@pytest.fixture(scope="module")
def train():
    return _dataset("t", 60, 0)


@pytest.fixture(scope="module")
def index(train) -> NeighbourIndex:
    return NeighbourIndex.fit("sha", ROOT, train, _dataset("v", 20, 1))


def test_training_image_is_its_own_nearest_neighbour(index, train):
    cases, features = train
    for at in (0, 7, 50):
        near = index.nearest(features[at])
        assert near[0].case == cases[at].id
        assert near[0].path == f"{cases[at].id}.png"
        assert (near[0].label, near[0].regions) == (cases[at].label, ("hand",))
        assert index.is_same_film(near[0])
        assert not index.is_far(near[0])


def test_neighbours_are_sorted_and_from_different_groups(index, train):
    near = index.nearest(train[1][4])
    distances = [one.distance for one in near]
    assert len(near) == NEIGHBOUR_COUNT
    assert distances == sorted(distances)
    assert len({one.case[:4] for one in near}) == NEIGHBOUR_COUNT
    # The other view of the same group is nearer, but is left out.
    assert near[0].case[:4] not in {one.case[:4] for one in near[1:]}


def test_new_image_is_near_but_not_the_same(index):
    _, features = _dataset("n", 20, 2)
    nearest = [index.nearest(row)[0] for row in features]
    assert not any(index.is_same_film(near) for near in nearest)
    assert sum(index.is_far(near) for near in nearest) <= 4


def test_outlier_is_far(index):
    outlier = np.zeros(40, np.float32)
    outlier[[3, 9]] = 800, -800
    near = index.nearest(outlier)[0]
    assert index.is_far(near)
    assert near.closeness == CLOSENESS_TEXT[-1]


def test_limits_are_quantiles_of_distances_to_other_groups(index):
    middle, most, nearly_all = index.limits
    assert 0 < index.same < middle < most < nearly_all
    assert np.isclose(index.same * 2, index._to_other_groups().min())
    assert (index._to_other_groups() > nearly_all).mean() <= 0.02


def test_record_of_informative_neighbours(index):
    assert index.record.is_informative
    assert index.record.agreement > 0.95 > index.record.chance
    assert index.record.broken.n == index.record.others.n == 20
    assert index.record.broken.value > 0.9 > 0.1 > index.record.others.value


def test_record_of_random_neighbours_is_not_informative():
    rng = np.random.default_rng(3)
    cases = [Case(str(at), ROOT / f"{at}.png", at % 2, group=str(at)) for at in range(200)]
    record = measure_neighbours(cases, rng.integers(0, 2, (200, NEIGHBOUR_COUNT)), np.array([0, 1]))
    assert not record.is_informative
    assert abs(record.agreement - record.chance) < 0.1


def test_record_without_cases_is_not_informative():
    record = measure_neighbours([], np.zeros((0, NEIGHBOUR_COUNT)), np.array([0, 1]))
    assert not record.is_informative
    again = NeighbourRecord.from_json(record.to_json())
    assert not again.broken.is_measured


def test_save_and_load(index, train, tmp_path):
    index.save(tmp_path / "neighbours.npz")
    again = NeighbourIndex.load(tmp_path / "neighbours.npz")
    assert again.weights == "sha"
    assert again.limits == index.limits
    assert again.record == index.record
    assert again.nearest(train[1][3]) == index.nearest(train[1][3])
    assert [path.name for path in tmp_path.iterdir()] == ["neighbours.npz"]
    # 32 float16 numbers per image.
    assert index.points.nbytes == len(train[0]) * 32 * 2


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04rest"])
def test_damaged_file_is_reported(tmp_path, content):
    (tmp_path / "n.npz").write_bytes(content)
    with pytest.raises(ModelError, match="Build it again"):
        NeighbourIndex.load(tmp_path / "n.npz")


def test_too_few_groups():
    with pytest.raises(DataError, match="more than 5 groups"):
        NeighbourIndex.fit("sha", ROOT, _dataset("t", 5, 0), _dataset("v", 5, 1))


def test_missed_copy_does_not_change_the_same_image_limit(train):
    cases, features = train
    features = features.copy()
    features[2] = features[0]  # one image in two groups
    index = NeighbourIndex.fit("sha", ROOT, (cases, features), _dataset("v", 20, 1))
    assert all(index.is_same_film(index.nearest(features[at])[0]) for at in range(len(cases)))


def test_path_of_a_symbolic_link_is_kept(tmp_path, train):
    cases, features = train
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "film.png").touch()
    root = tmp_path / "set"
    root.mkdir()
    (root / "linked.png").symlink_to(tmp_path / "else" / "film.png")
    here = [replace(case, path=root / case.path.name) for case in cases]
    here[0] = replace(cases[0], path=root / "linked.png")
    index = NeighbourIndex.fit("sha", root, (here, features), _dataset("v", 20, 1))
    assert index.paths[0] == "linked.png"
