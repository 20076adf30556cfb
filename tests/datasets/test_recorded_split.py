"""Recorded splits of public datasets."""

from dataclasses import replace
from pathlib import Path

from fracture_core.datasets.cases import Case
from fracture_core.datasets.recorded_split import _tables, recorded_split
from fracture_core.datasets.split import grouped_split


def _cases(count: int | None = None) -> list[Case]:
    names = sorted(_tables()[0])[:count]
    return [
        Case(id=name, path=Path(f"{name}.jpg"), label=k % 2, group=name, regions=("hand",))
        for k, name in enumerate(names)
    ]


def test_recorded_split_is_used_for_any_seed():
    cases = _cases()
    for seed in (0, 7):
        split = {case.id: case.split for case in grouped_split(cases, seed)}
        assert split == _tables()[0]
    assert set(split.values()) == {"train", "val", "test"}


def test_duplicate_of_a_training_image_is_not_tested():
    table = _tables()[0]
    cases = _cases()
    train = next(case for case in cases if table[case.id] == "train")
    cases = [replace(case, group=train.group) if table[case.id] == "test" else case for case in cases]
    split = recorded_split(cases)
    assert split is not None
    assert {split[case.id] for case in cases if case.group == train.group} == {"train"}


def test_unlisted_image_follows_its_group_or_goes_to_train():
    table = _tables()[0]
    cases = _cases()
    test_case = next(case for case in cases if table[case.id] == "test")
    more = [replace(test_case, id="new1"), replace(test_case, id="new2", group="of its own")]
    split = recorded_split([*cases, *more])
    assert split is not None
    assert split["new1"] == "test"
    assert split["new2"] == "train"


def test_other_dataset_with_similar_names_is_split_anew():
    cases = _cases(60)
    assert recorded_split(cases) is None
    assert {case.split for case in grouped_split(cases)} == {"train", "val", "test"}
