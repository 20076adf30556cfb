"""Classification and listing of error cases."""

import numpy as np
import pytest

from fracture_core.errors import DataError
from fracture_core.evaluation import (
    CORRECT,
    FALSE_ALARM,
    MISSED,
    add_error_columns,
    classify_decisions,
    list_errors,
)
from fracture_core.evaluation.error_cases import decision_confidence


def test_decisions_are_classified(six_predictions):
    decisions = classify_decisions(six_predictions["label"], six_predictions["probability"], 0.5)
    assert decisions.tolist() == [CORRECT, CORRECT, MISSED, MISSED, FALSE_ALARM, FALSE_ALARM]
    assert classify_decisions([1, 0], [0.5, 0.5], 0.5).tolist() == ["correct", "false alarm"]
    assert classify_decisions([], [], 0.5).tolist() == []


def test_errors_are_sorted_by_confidence(six_predictions):
    errors = list_errors(six_predictions, 0.5)
    assert errors["id"].tolist() == ["e", "c", "d", "0007"]
    assert errors["confidence"].is_monotonic_decreasing


def test_confidence_is_the_distance_from_the_threshold():
    assert decision_confidence([0.2, 0.5], 0.2) == pytest.approx([0, np.log(4)])
    assert np.isfinite(decision_confidence([0.0, 1.0], 1.0)).all()


def test_list_is_filtered_by_kind_region_and_split(six_predictions):
    assert list_errors(six_predictions, 0.5, kind=MISSED)["id"].tolist() == ["c", "d"]
    assert list_errors(six_predictions, 0.5, region="hand")["id"].tolist() == ["c"]  # not "forehand"
    assert list_errors(six_predictions, 0.5, kind=CORRECT, region="hand")["id"].tolist() == ["a"]
    assert list_errors(six_predictions, 0.5, split="test")["id"].tolist() == ["e", "d"]
    assert list_errors(six_predictions, 0.5, region="knee").empty


def test_error_columns_are_added_to_a_copy(six_predictions):
    before = six_predictions.copy()
    assert {"kind", "confidence"} <= set(add_error_columns(six_predictions, 0.5).columns)
    assert six_predictions.equals(before)


def test_unknown_kind_is_refused(six_predictions):
    with pytest.raises(
        DataError, match="Expected one of missed fracture, false alarm, correct, got 'subtle'"
    ):
        list_errors(six_predictions, 0.5, kind="subtle")
