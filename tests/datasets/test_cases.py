"""Tables of cases."""

from pathlib import Path

from fracture_core.datasets.cases import Case, cases_to_frame

CASES = [
    Case("b", Path("x/b.png"), 1, "test", "g1", ("hand", "leg"), ((0.1, 0.2, 0.3, 0.4),)),
    Case("a", Path("x/a.png"), 0, "train", "g2"),
    Case("c", Path("x/c.png"), 0, "test", "g3", ("hip",)),
]


def test_cases_to_frame():
    table = cases_to_frame(CASES)
    assert list(table.columns) == ["id", "path", "label", "split", "group", "regions"]
    assert list(table["regions"]) == ["hand leg", "", "hip"]
    assert list(table["label"]) == [1, 0, 0]
    assert list(table["path"]) == [str(case.path) for case in CASES]
