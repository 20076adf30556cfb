"""Grouped cross-validation folds of the development cases."""

from collections import Counter
from pathlib import Path

import pytest

from fracture_core.datasets.cases import Case
from fracture_core.datasets.split import development_fold
from fracture_core.errors import DataError

CASES = [
    Case(
        id=f"image{number}",
        path=Path(f"image{number}.png"),
        label=int(number % 5 == 0),
        split=("train", "train", "val", "test")[number // 3 % 4],
        group=f"group{number // 3}",
        regions=(("hand", "leg")[number % 2],),
    )
    for number in range(240)
]


@pytest.fixture(scope="module")
def folds():
    """All four folds of `CASES`."""
    return [development_fold(CASES, 4, fold, seed=1) for fold in range(1, 5)]


def test_every_development_case_is_held_out_once(folds):
    held_out = Counter(case.id for fold in folds for case in fold if case.split == "val")
    assert held_out == Counter({case.id: 1 for case in CASES if case.split != "test"})


def test_test_cases_are_dropped(folds):
    test = {case.id for case in CASES if case.split == "test"}
    assert not any(case.id in test for fold in folds for case in fold)


def test_no_group_is_divided(folds):
    for fold in folds:
        sides = {(case.group, case.split) for case in fold}
        assert len(sides) == len({case.group for case in fold})


def test_labels_are_stratified(folds):
    shares = [[case.label for case in fold if case.split == "val"] for fold in folds]
    assert all(0.1 < sum(labels) / len(labels) < 0.3 for labels in shares)


def test_folds_depend_on_the_seed_and_not_on_the_order():
    reordered = development_fold(CASES[::-1], 4, 2, seed=1)
    assert {case.id: case.split for case in reordered} == {
        case.id: case.split for case in development_fold(CASES, 4, 2, seed=1)
    }
    other_seed = development_fold(CASES, 4, 2, seed=2)
    assert {case.id: case.split for case in reordered} != {case.id: case.split for case in other_seed}


def test_too_few_groups_are_refused():
    few = [case for case in CASES if not case.label] + [CASES[0]]
    with pytest.raises(DataError, match="one class has 1: use fewer folds or add images"):
        development_fold(few, 4, 1)
