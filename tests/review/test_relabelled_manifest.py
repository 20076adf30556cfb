"""The next training set: wrong labels out of it, and the test split as it was."""

from pathlib import Path

import pandas as pd
import pytest

from fracture_core.datasets import dataset
from fracture_core.datasets.cases import Case
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.datasets.manifest import write_manifest
from fracture_core.errors import DataError
from fracture_core.review import ANNOTATIONS, Review
from fracture_core.review.relabelled_manifest import relabel_dataset, wrong_label_cases

TIME = "2026-01-01T00:00:00+00:00"
BOX = ((0.1, 0.1, 0.2, 0.2),)


def _cases() -> list[Case]:
    return [
        Case(
            f"{number}", Path(f"/films/{number}.png"), number % 2, group=f"g{number}", boxes=BOX[: number % 2]
        )
        for number in range(12)
    ]


def _record() -> pd.DataFrame:
    """Films 8 and 9 were validated on, 10 and 11 tested."""
    return pd.DataFrame({"id": ["8", "9", "10", "11"], "split": ["val", "val", "test", "test"]})


def _called(**marks: dict[str, str]) -> list[Review]:
    return [
        Review(case, mark, "", name, TIME) for name, given in marks.items() for case, mark in given.items()
    ]


def test_wrong_labels_are_left_out():
    found = relabel_dataset(_cases(), _record(), {"1", "8"}, flip=False)
    assert [case.id for case in found.cases] == [str(number) for number in (0, *range(2, 8), 9, 10, 11)]
    assert found.changed == ("1", "8")
    assert {case.id: case.split for case in found.cases}["0"] == "train"


def test_wrong_labels_are_turned_round_and_boxes_go():
    found = relabel_dataset(_cases(), _record(), {"1", "2"}, flip=True)
    by_id = {case.id: case for case in found.cases}
    assert len(by_id) == 12
    assert (by_id["1"].label, by_id["1"].boxes, by_id["2"].label, by_id["2"].boxes) == (0, (), 1, ())
    assert (by_id["3"].label, by_id["3"].boxes) == (1, BOX)


@pytest.mark.parametrize("flip", [False, True])
def test_the_test_split_is_never_touched(flip):
    every = {case.id for case in _cases()}
    found = relabel_dataset(_cases(), _record(), every, flip)
    kept = [(case.id, case.label, case.boxes) for case in found.cases if case.split == "test"]
    assert kept == [("10", 0, ()), ("11", 1, BOX)]
    assert found.tested == ("10", "11")
    assert set(found.changed) == every - {"10", "11"}


def test_what_the_publishers_test_on_is_not_touched_either():
    cases = [
        Case(case.id, case.path, case.label, "test" if case.id == "0" else "", case.group)
        for case in _cases()
    ]
    found = relabel_dataset(cases, _record(), {"0", "1", "gone"}, flip=False)
    assert (found.changed, found.tested, found.strange) == (("1",), ("0",), ("gone",))


def test_another_data_set_is_refused():
    with pytest.raises(DataError, match="Expected the data set that the model was trained"):
        relabel_dataset(_cases()[:9], _record(), {"1"}, flip=False)


def test_whose_word_counts():
    wrong, right = ANNOTATIONS[0], ANNOTATIONS[-1]
    reviews = _called(
        A={"1": wrong, "2": wrong, "3": wrong, "4": "subtle"},
        B={"1": wrong, "2": right, "4": wrong},
        C={"1": right, "4": wrong},
    )
    assert wrong_label_cases(reviews) == {"1", "3", "4"}
    assert wrong_label_cases(reviews, "A") == {"1", "2", "3"}
    assert wrong_label_cases(reviews, " A ") == {"1", "2", "3"}
    with pytest.raises(DataError, match=r"who marked films here \(A, B, C\), but got 'nobody'"):
        wrong_label_cases(reviews, "nobody")
    assert wrong_label_cases([]) == set()


def test_a_training_reads_what_was_written(phantoms, tmp_path):
    given = dataset.load_dataset(phantoms)
    record = pd.DataFrame(
        [(case.id, case.split) for case in given.cases if case.split != "train"], columns=["id", "split"]
    )
    wrong = {case.id for case in given.cases if case.split == "train"} - {given.cases[0].id}
    wrong = set(sorted(wrong)[:3]) | {case.id for case in given.cases if case.split == "test"}
    catalogue = read_catalogue(phantoms)
    for flip in (False, True):
        found = relabel_dataset(catalogue.cases, record, wrong, flip)
        assert len(found.changed) == 3
        write_manifest(tmp_path / "next.csv", found.cases, catalogue.finding)
        after = {case.id: case for case in dataset.load_dataset(tmp_path / "next.csv").cases}
        for case in given.cases:
            if case.id not in found.changed:
                assert (after[case.id].label, after[case.id].split) == (case.label, case.split)
            elif flip:
                assert (after[case.id].label, after[case.id].split) == (1 - case.label, case.split)
            else:
                assert case.id not in after
