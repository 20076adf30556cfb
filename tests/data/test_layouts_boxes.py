import pytest

from fracture_core.data.layouts import read_cases
from fracture_core.data.phantom import SetSettings, write_set
from fracture_core.errors import DataError


def test_a_synthetic_set_keeps_its_boxes(tmp_path):
    write_set(tmp_path, SetSettings(8, size=(96, 80)))
    layout, cases = read_cases(tmp_path)
    assert layout == "phantom"
    assert all(bool(case.boxes) == bool(case.label) for case in cases)
    assert all(0 <= side <= 1 for case in cases for box in case.boxes for side in box)


def test_a_broken_table_of_boxes_is_named(tmp_path):
    write_set(tmp_path, SetSettings(8, size=(96, 80)))
    (tmp_path / "boxes.csv").write_text("file,x0\ntest/fractured/a.png,0.5\n")
    with pytest.raises(DataError, match="line 2"):
        read_cases(tmp_path)
