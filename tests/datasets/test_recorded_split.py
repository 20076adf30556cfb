"""A public set whose split is written down gets that split, whatever else is found in it."""

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


def test_films_get_the_split_that_is_written_down_whatever_the_seed():
    cases = _cases()
    for seed in (0, 7):
        split = {case.id: case.split for case in grouped_split(cases, seed)}
        assert split == _tables()[0]
    assert set(split.values()) == {"train", "val", "test"}


def test_a_copy_of_a_training_film_is_not_tested():
    table = _tables()[0]
    cases = _cases()
    train = next(case for case in cases if table[case.id] == "train")
    cases = [replace(case, group=train.group) if table[case.id] == "test" else case for case in cases]
    split = recorded_split(cases)
    assert split is not None
    assert {split[case.id] for case in cases if case.group == train.group} == {"train"}


def test_a_film_that_the_table_does_not_know_goes_with_its_group_and_else_to_training():
    table = _tables()[0]
    cases = _cases()
    tested = next(case for case in cases if table[case.id] == "test")
    more = [replace(tested, id="new1"), replace(tested, id="new2", group="of its own")]
    split = recorded_split([*cases, *more])
    assert split is not None
    assert split["new1"] == "test"
    assert split["new2"] == "train"


def test_another_set_with_such_names_is_dealt_out():
    cases = _cases(60)
    assert recorded_split(cases) is None
    assert {case.split for case in grouped_split(cases)} == {"train", "val", "test"}
