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
def training_features():
    """Cases and features of training images."""
    return _dataset("t", 60, 0)


@pytest.fixture(scope="module")
def neighbour_index(training_features) -> NeighbourIndex:
    """An index of `training_features`."""
    return NeighbourIndex.fit("sha", ROOT, training_features, _dataset("v", 20, 1))


def test_training_image_is_its_own_nearest_neighbour(neighbour_index, training_features):
    cases, features = training_features
    for at in (0, 7, 50):
        neighbours = neighbour_index.nearest(features[at])
        assert neighbours[0].case == cases[at].id
        assert neighbours[0].path == f"{cases[at].id}.png"
        assert (neighbours[0].label, neighbours[0].regions) == (cases[at].label, ("hand",))
        assert neighbour_index.is_same_film(neighbours[0])
        assert not neighbour_index.is_far(neighbours[0])


def test_neighbours_are_sorted_and_from_different_groups(neighbour_index, training_features):
    neighbours = neighbour_index.nearest(training_features[1][4])
    distances = [neighbour.distance for neighbour in neighbours]
    assert len(neighbours) == NEIGHBOUR_COUNT
    assert distances == sorted(distances)
    assert len({neighbour.case[:4] for neighbour in neighbours}) == NEIGHBOUR_COUNT
    # The other view of the same group is nearer, but is left out.
    assert neighbours[0].case[:4] not in {neighbour.case[:4] for neighbour in neighbours[1:]}


def test_new_image_is_near_but_not_the_same(neighbour_index):
    _, features = _dataset("n", 20, 2)
    nearest = [neighbour_index.nearest(row)[0] for row in features]
    assert not any(neighbour_index.is_same_film(neighbour) for neighbour in nearest)
    assert sum(neighbour_index.is_far(neighbour) for neighbour in nearest) <= 4


def test_outlier_is_far(neighbour_index):
    outlier = np.zeros(40, np.float32)
    outlier[[3, 9]] = 800, -800
    neighbour = neighbour_index.nearest(outlier)[0]
    assert neighbour_index.is_far(neighbour)
    assert neighbour.closeness == CLOSENESS_TEXT[-1]


def test_limits_are_quantiles_of_distances_to_other_groups(neighbour_index):
    middle, most, nearly_all = neighbour_index.limits
    assert 0 < neighbour_index.same < middle < most < nearly_all
    assert np.isclose(neighbour_index.same * 2, neighbour_index._to_other_groups().min())
    assert (neighbour_index._to_other_groups() > nearly_all).mean() <= 0.02


def test_record_of_informative_neighbours(neighbour_index):
    assert neighbour_index.record.is_informative
    assert neighbour_index.record.agreement > 0.95 > neighbour_index.record.chance
    assert neighbour_index.record.with_finding.n == neighbour_index.record.without_finding.n == 20
    assert (
        neighbour_index.record.with_finding.value > 0.9 > 0.1 > neighbour_index.record.without_finding.value
    )


def test_record_of_random_neighbours_is_not_informative():
    rng = np.random.default_rng(3)
    cases = [Case(str(at), ROOT / f"{at}.png", at % 2, group=str(at)) for at in range(200)]
    record = measure_neighbours(cases, rng.integers(0, 2, (200, NEIGHBOUR_COUNT)), np.array([0, 1]))
    assert not record.is_informative
    assert abs(record.agreement - record.chance) < 0.1


def test_record_without_cases_is_not_informative():
    record = measure_neighbours([], np.zeros((0, NEIGHBOUR_COUNT)), np.array([0, 1]))
    assert not record.is_informative
    loaded = NeighbourRecord.from_json(record.to_json())
    assert not loaded.with_finding.is_measured


def test_save_and_load(neighbour_index, training_features, tmp_path):
    neighbour_index.save(tmp_path / "neighbours.npz")
    loaded = NeighbourIndex.load(tmp_path / "neighbours.npz")
    assert loaded.weights == "sha"
    assert loaded.limits == neighbour_index.limits
    assert loaded.record == neighbour_index.record
    assert loaded.nearest(training_features[1][3]) == neighbour_index.nearest(training_features[1][3])
    assert [path.name for path in tmp_path.iterdir()] == ["neighbours.npz"]
    # 32 float16 numbers per image.
    assert neighbour_index.points.nbytes == len(training_features[0]) * 32 * 2


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04rest"])
def test_damaged_file_is_reported(tmp_path, content):
    (tmp_path / "n.npz").write_bytes(content)
    with pytest.raises(ModelError, match="Build it again"):
        NeighbourIndex.load(tmp_path / "n.npz")


def test_too_few_groups():
    with pytest.raises(DataError, match="more than 5 groups"):
        NeighbourIndex.fit("sha", ROOT, _dataset("t", 5, 0), _dataset("v", 5, 1))


def test_missed_copy_does_not_change_the_same_image_limit(training_features):
    cases, features = training_features
    features = features.copy()
    features[2] = features[0]  # one image in two groups
    index = NeighbourIndex.fit("sha", ROOT, (cases, features), _dataset("v", 20, 1))
    assert all(index.is_same_film(index.nearest(features[at])[0]) for at in range(len(cases)))


def test_path_of_a_symbolic_link_is_kept(tmp_path, training_features):
    cases, features = training_features
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "film.png").touch()
    root = tmp_path / "set"
    root.mkdir()
    (root / "linked.png").symlink_to(tmp_path / "else" / "film.png")
    moved_cases = [replace(case, path=root / case.path.name) for case in cases]
    moved_cases[0] = replace(cases[0], path=root / "linked.png")
    index = NeighbourIndex.fit("sha", root, (moved_cases, features), _dataset("v", 20, 1))
    assert index.paths[0] == "linked.png"
