from pathlib import Path

from fracture_core.data.cases import Case, of_split, to_frame, with_split

CASES = [
    Case("b", Path("x/b.png"), 1, "test", "g1", ("hand", "leg"), ((0.1, 0.2, 0.3, 0.4),)),
    Case("a", Path("x/a.png"), 0, "train", "g2"),
    Case("c", Path("x/c.png"), 0, "test", "g3", ("hip",)),
]


def test_of_split_keeps_the_order():
    assert [case.id for case in of_split(CASES, "test")] == ["b", "c"]
    assert of_split(CASES, "val") == []


def test_with_split_changes_nothing_else():
    moved = with_split(CASES[0], "val")
    assert moved.split == "val"
    assert with_split(moved, "test") == CASES[0]


def test_to_frame():
    table = to_frame(CASES)
    assert list(table.columns) == ["id", "path", "label", "split", "group", "regions"]
    assert list(table["regions"]) == ["hand leg", "", "hip"]
    assert list(table["label"]) == [1, 0, 0]
    assert list(table["path"]) == [str(case.path) for case in CASES]
