"""Relabelled datasets: wrong labels are removed or flipped, the test split is unchanged."""

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
    """Cases 8 and 9 are validation cases, 10 and 11 test cases."""
    return pd.DataFrame({"id": ["8", "9", "10", "11"], "split": ["val", "val", "test", "test"]})


def _reviews(**marks: dict[str, str]) -> list[Review]:
    return [
        Review(case, mark, "", name, TIME)
        for name, by_case in marks.items()
        for case, mark in by_case.items()
    ]


def test_wrong_labels_are_left_out():
    relabelled = relabel_dataset(_cases(), _record(), {"1", "8"}, flip=False)
    assert [case.id for case in relabelled.cases] == [str(number) for number in (0, *range(2, 8), 9, 10, 11)]
    assert relabelled.changed == ("1", "8")
    assert {case.id: case.split for case in relabelled.cases}["0"] == "train"


def test_flipped_images_lose_their_boxes():
    relabelled = relabel_dataset(_cases(), _record(), {"1", "2"}, flip=True)
    by_id = {case.id: case for case in relabelled.cases}
    assert len(by_id) == 12
    assert (by_id["1"].label, by_id["1"].boxes, by_id["2"].label, by_id["2"].boxes) == (0, (), 1, ())
    assert (by_id["3"].label, by_id["3"].boxes) == (1, BOX)


@pytest.mark.parametrize("flip", [False, True])
def test_test_split_is_unchanged(flip):
    all_ids = {case.id for case in _cases()}
    relabelled = relabel_dataset(_cases(), _record(), all_ids, flip)
    test_cases = [(case.id, case.label, case.boxes) for case in relabelled.cases if case.split == "test"]
    assert test_cases == [("10", 0, ()), ("11", 1, BOX)]
    assert relabelled.tested == ("10", "11")
    assert set(relabelled.changed) == all_ids - {"10", "11"}


def test_published_test_split_is_unchanged():
    cases = [
        Case(case.id, case.path, case.label, "test" if case.id == "0" else "", case.group)
        for case in _cases()
    ]
    relabelled = relabel_dataset(cases, _record(), {"0", "1", "gone"}, flip=False)
    assert (relabelled.changed, relabelled.tested, relabelled.unknown) == (("1",), ("0",), ("gone",))


def test_other_dataset_is_refused():
    with pytest.raises(DataError, match="not the dataset that the model was trained on"):
        relabel_dataset(_cases()[:9], _record(), {"1"}, flip=False)


def test_majority_or_a_single_reviewer_decides():
    wrong, right = ANNOTATIONS[0], ANNOTATIONS[-1]
    reviews = _reviews(
        A={"1": wrong, "2": wrong, "3": wrong, "4": "subtle"},
        B={"1": wrong, "2": right, "4": wrong},
        C={"1": right, "4": wrong},
    )
    assert wrong_label_cases(reviews) == {"1", "3", "4"}
    assert wrong_label_cases(reviews, "A") == {"1", "2", "3"}
    assert wrong_label_cases(reviews, " A ") == {"1", "2", "3"}
    with pytest.raises(DataError, match=r"no marks by 'nobody': choose one of the reviewers \(A, B, C\)"):
        wrong_label_cases(reviews, "nobody")
    assert wrong_label_cases([]) == set()


def test_written_manifest_loads_with_the_changes(phantoms, tmp_path):
    before = dataset.load_dataset(phantoms)
    record = pd.DataFrame(
        [(case.id, case.split) for case in before.cases if case.split != "train"], columns=["id", "split"]
    )
    wrong = {case.id for case in before.cases if case.split == "train"} - {before.cases[0].id}
    wrong = set(sorted(wrong)[:3]) | {case.id for case in before.cases if case.split == "test"}
    catalogue = read_catalogue(phantoms)
    for flip in (False, True):
        relabelled = relabel_dataset(catalogue.cases, record, wrong, flip)
        assert len(relabelled.changed) == 3
        write_manifest(tmp_path / "next.csv", relabelled.cases, catalogue.finding)
        after = {case.id: case for case in dataset.load_dataset(tmp_path / "next.csv").cases}
        for case in before.cases:
            if case.id not in relabelled.changed:
                assert (after[case.id].label, after[case.id].split) == (case.label, case.split)
            elif flip:
                assert (after[case.id].label, after[case.id].split) == (1 - case.label, case.split)
            else:
                assert case.id not in after
