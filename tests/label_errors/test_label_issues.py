"""LabelIssues as JSON, CSV and text."""

import csv
import io
import json

import pytest

from fracture_core.errors import DataError
from fracture_core.evaluation import Interval
from fracture_core.label_errors.label_issues import BOTH_LABELS, LABEL_ISSUE_COLUMNS, LabelIssue, LabelIssues


def _issue(case: str, label: int) -> LabelIssue:
    return LabelIssue(case, f"films/{case}.png", label, 0.25, "train", "hand leg", "g1")


@pytest.fixture
def label_issues() -> LabelIssues:
    """Three suspected labels, one contradiction and two unreadable images."""
    return LabelIssues(
        created="2026-01-01T00:00:00+00:00",
        model="tiny",
        weights="0" * 64,
        finding="fracture",
        own=True,
        films=1200,
        training_images=800,
        unreadable=2,
        groups=300,
        auc=Interval(0.9, 0.85, 0.94, 1200),
        suspected=(_issue("=a", 1), _issue("b", 0), _issue("c", 0)),
        contradictions=((_issue("b", 0), _issue("d", 1)),),
    )


def test_json_round_trip(label_issues):
    payload = label_issues.to_json()
    assert payload["learnt"] == 800  # the key of existing files
    assert LabelIssues.from_json(json.loads(json.dumps(payload))) == label_issues


@pytest.mark.parametrize(
    "damage", [{"auc": None}, {"suspected": [{"case": "a"}]}, {"stranger": 1}, {"films": "x"}]
)
def test_damaged_json_is_refused(label_issues, damage):
    payload = label_issues.to_json() | damage
    if damage == {"films": "x"}:
        del payload["films"]
    with pytest.raises(DataError, match="run the search again"):
        LabelIssues.from_json(payload)


def test_summary_states_all_counts(label_issues):
    assert label_issues.sentence.startswith(
        "Suspected label errors: 3 of 1,200 (fracture: 1; no fracture: 2)."
    )
    assert "with both labels: 1." in label_issues.sentence
    assert "not compared: 2." in label_issues.sentence
    assert "trained on 800" in label_issues.limitations


def test_every_issue_is_listed_once(label_issues):
    assert [issue.case for issue in label_issues.all_issues()] == ["b", "d", "=a", "c"]
    assert label_issues.find("d") == _issue("d", 1)
    assert label_issues.find("nobody") is None


def test_csv_lists_every_issue(label_issues):
    text = label_issues.to_csv().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert tuple(rows[0]) == LABEL_ISSUE_COLUMNS
    assert [(row["id"], row["label"]) for row in rows[:2]] == [("'=a", "fracture"), ("b", "no fracture")]
    assert [(row["why"], row["rank"]) for row in rows[3:]] == [(BOTH_LABELS, "1")] * 2
