"""Smoothing of compared learning curves."""

import pytest

from pages.components.train.compared_curves import curve_of, smooth


def test_no_smoothing_keeps_the_values():
    assert smooth([3.0, 1.0, 2.0], 0.0) == [3.0, 1.0, 2.0]


def test_smoothing_is_an_average_that_starts_at_the_first_value():
    assert smooth([4.0, 4.0, 4.0], 0.9) == pytest.approx([4.0, 4.0, 4.0])
    # Weights 0.5 and 1, divided by their sum.
    assert smooth([0.0, 3.0], 0.5) == pytest.approx([0.0, 2.0])
    assert smooth([], 0.5) == []


def test_curve_leaves_out_missing_and_infinite_values():
    lines = [
        {"epoch": 1, "val_loss": None},
        {"epoch": 2, "val_loss": float("nan")},
        {"epoch": 3, "val_loss": 0.5},
    ]
    assert curve_of(lines, "val_loss") == [(3, 0.5)]
    assert curve_of(lines, "val_auc") == []
