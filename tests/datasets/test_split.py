"""Grouped splits: groups stay together, and results are reproducible."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fracture_core.datasets.cases import Case
from fracture_core.datasets.split import complete_split, grouped_split, merge_groups, split_hash
from fracture_core.errors import DataError


def _case(number: int, label: int, group: str = "", split: str = "", region: str = "") -> Case:
    return Case(
        f"case{number:04d}", Path("x"), label, split, group or f"g{number}", (region,) if region else ()
    )


@pytest.fixture(scope="module")
def grouped_cases() -> list[Case]:
    """900 films in groups of one to six; a fifth fractured; two regions."""
    rng = np.random.default_rng(3)
    cases: list[Case] = []
    group = 0
    while len(cases) < 900:
        for _ in range(rng.integers(1, 7)):
            region = "hand" if rng.random() < 0.4 else "leg"
            cases.append(_case(len(cases), int(rng.random() < 0.2), f"group{group:03d}", region=region))
        group += 1
    return cases


def _splits(cases) -> dict[str, str]:
    return {case.id: case.split for case in cases}


def test_no_group_is_divided(grouped_cases):
    split = grouped_split(grouped_cases)
    splits_by_group = {}
    for case in split:
        splits_by_group.setdefault(case.group, set()).add(case.split)
    assert all(len(splits) == 1 for splits in splits_by_group.values())
    assert [replace(case, split="") for case in split] == grouped_cases


def test_fractions_and_class_balance(grouped_cases):
    split = grouped_split(grouped_cases)
    share = Counter(case.split for case in split)
    assert share["train"] / len(grouped_cases) == pytest.approx(0.70, abs=0.02)
    assert share["val"] / len(grouped_cases) == pytest.approx(0.15, abs=0.02)
    assert share["test"] / len(grouped_cases) == pytest.approx(0.15, abs=0.02)
    for pick in (lambda case: case.label == 1, lambda case: case.regions == ("hand",)):
        whole = np.mean([pick(case) for case in grouped_cases])
        for name in share:
            assert np.mean([pick(case) for case in split if case.split == name]) == pytest.approx(
                whole, abs=0.04
            )


def test_result_does_not_depend_on_the_order_of_cases(grouped_cases):
    shuffled = [grouped_cases[index] for index in np.random.default_rng(0).permutation(len(grouped_cases))]
    assert _splits(grouped_split(shuffled, 5)) == _splits(grouped_split(grouped_cases, 5))


def test_split_depends_on_the_seed(grouped_cases):
    assert _splits(grouped_split(grouped_cases, 1)) == _splits(grouped_split(grouped_cases, 1))
    assert _splits(grouped_split(grouped_cases, 1)) != _splits(grouped_split(grouped_cases, 2))


@pytest.mark.parametrize("each", [3, 4, 7, 10, 19, 30])
def test_small_datasets_have_both_classes_in_every_split(each):
    split = grouped_split([_case(number, number % 2) for number in range(2 * each)])
    assert {(case.split, case.label) for case in split} == {
        (name, label) for name in ("train", "val", "test") for label in (0, 1)
    }
    assert sum(case.split == "train" for case in split) >= 2 * each / 3


def test_a_rare_class_reaches_every_split():
    split = grouped_split([_case(number, int(number < 4)) for number in range(120)])
    assert {case.split for case in split if case.label == 1} == {"train", "val", "test"}


@pytest.mark.parametrize("label", [0, 1])
def test_too_few_groups_of_a_class_are_refused(label):
    cases = [_case(number, 1 - label) for number in range(30)]
    cases += [_case(100 + number, label, f"few{number % 2}") for number in range(9)]
    description = ("without the finding", "with the finding")[label]
    with pytest.raises(DataError, match=f"three independent images {description}, but the dataset has 2"):
        grouped_split(cases)


# ---- merging groups ----


def test_duplicates_merge_groups_transitively():
    cases = [_case(n, 0, group) for n, group in enumerate(["b", "b", "a", "c", "d"])]
    merged = merge_groups(cases, np.array([0, 1, 1, 2, 3]))
    assert [case.group for case in merged] == ["a", "a", "a", "c", "d"]
    chained = merge_groups(cases, np.array([0, 1, 1, 2, 2]))
    assert [case.group for case in chained] == ["a", "a", "a", "c", "c"]
    assert [case.id for case in merged] == [case.id for case in cases]


def test_groups_without_duplicates_are_unchanged():
    cases = [_case(n, 0) for n in range(4)]
    assert merge_groups(cases, np.arange(4)) == cases
    assert merge_groups([], np.zeros(0, int)) == []


# ---- splits that came with the set ----


def _cases_with_split(**counts: int) -> list[Case]:
    names = [split for split, count in counts.items() for _ in range(count)]
    return [_case(n, n % 2, split="" if split == "none" else split) for n, split in enumerate(names)]


def test_a_complete_split_is_kept():
    cases = _cases_with_split(train=20, val=6, test=6)
    assert complete_split(cases) == cases


def test_dataset_without_split_is_split_completely():
    cases = _cases_with_split(none=60)
    assert complete_split(cases, 4) == grouped_split(cases, 4)


def test_dataset_with_train_only_is_split_completely():
    cases = _cases_with_split(train=60)
    assert _splits(complete_split(cases)) == _splits(grouped_split(cases))


def test_val_is_taken_from_train_without_dividing_groups():
    cases = _cases_with_split(train=100, test=20)
    cases = [
        replace(case, group=f"g{number // 4}") if case.split == "train" else case
        for number, case in enumerate(cases)
    ]
    split = complete_split(cases)
    assert [case for case in split if case.split == "test"] == [
        case for case in cases if case.split == "test"
    ]
    val = {case.group for case in split if case.split == "val"}
    assert not val & {case.group for case in split if case.split == "train"}
    assert sum(case.split == "val" for case in split) == pytest.approx(20, abs=4)
    assert {case.label for case in split if case.split == "val"} == {0, 1}


def test_val_without_test_becomes_test():
    cases = _cases_with_split(train=50, val=10)
    split = complete_split(cases)
    was = {case.id: case.split for case in cases}
    assert {was[case.id] for case in split if case.split == "test"} == {"val"}
    assert {was[case.id] for case in split if case.split == "val"} == {"train"}
    assert sum(case.split == "test" for case in split) == 10


def test_cases_outside_the_split_folders_go_to_train():
    cases = _cases_with_split(train=20, val=6, test=6, none=4)
    assert Counter(case.split for case in complete_split(cases)) == {"train": 24, "val": 6, "test": 6}


def test_missing_train_split_is_refused():
    with pytest.raises(DataError, match="no train folder, only test, val"):
        complete_split(_cases_with_split(val=6, test=6))


def test_train_split_too_small_for_val_is_refused():
    with pytest.raises(
        DataError, match=r"two independent images of each class in train, but one class has 1"
    ):
        complete_split(_cases_with_split(train=3, test=6))
    assert {case.split for case in complete_split(_cases_with_split(train=5, test=6))} == {
        "train",
        "val",
        "test",
    }


# ---- the hash ----


def test_split_hash_depends_only_on_the_split(grouped_cases):
    split = grouped_split(grouped_cases)
    moved = [replace(case, path=Path("/elsewhere") / case.id) for case in reversed(split)]
    assert split_hash(moved) == split_hash(split)
    assert split_hash(grouped_split(grouped_cases, 1)) != split_hash(split)
    assert split_hash([replace(split[0], label=1 - split[0].label), *split[1:]]) != split_hash(split)


def test_split_hash_is_stable_between_versions():
    cases = [_case(0, 0, split="train"), _case(1, 1, split="test")]
    assert split_hash(cases) == "eea5c37899f9ca2f355695bf581e498a3aac4761daab476d5ffb386fc85856b9"
