"""The list as file and as text."""

import csv
import io
import json

import pytest

from fracture_core.errors import DataError
from fracture_core.evaluation import Interval
from fracture_core.label_errors.label_issues import BOTH_LABELS, LABEL_ISSUE_COLUMNS, LabelIssue, LabelIssues


def _film(case: str, label: int) -> LabelIssue:
    return LabelIssue(case, f"films/{case}.png", label, 0.25, "train", "hand leg", "g1")


@pytest.fixture
def found() -> LabelIssues:
    return LabelIssues(
        created="2026-01-01T00:00:00+00:00",
        model="tiny",
        weights="0" * 64,
        finding="fracture",
        own=True,
        films=1200,
        learnt=800,
        unreadable=2,
        groups=300,
        auc=Interval(0.9, 0.85, 0.94, 1200),
        suspected=(_film("=a", 1), _film("b", 0), _film("c", 0)),
        contradictions=((_film("b", 0), _film("d", 1)),),
    )


def test_it_reads_back_equal(found):
    assert LabelIssues.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize(
    "damage", [{"auc": None}, {"suspected": [{"case": "a"}]}, {"stranger": 1}, {"films": "x"}]
)
def test_a_damaged_list_is_said(found, damage):
    payload = found.to_json() | damage
    if damage == {"films": "x"}:
        del payload["films"]
    with pytest.raises(DataError, match="look for them again"):
        LabelIssues.from_json(payload)


def test_words(found):
    assert found.sentence.startswith("Suspected labels: 3 of 1,200 (fracture: 1; no fracture: 2).")
    assert "under both labels: 1." in found.sentence
    assert "not compared: 2." in found.sentence
    assert "learnt from 800" in found.limitations


def test_a_film_is_listed_once(found):
    assert [film.case for film in found.all_issues()] == ["=a", "b", "c", "d"]
    assert found.find("d") == _film("d", 1)
    assert found.find("nobody") is None


def test_the_file_for_spreadsheets(found):
    text = found.to_csv().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert tuple(rows[0]) == LABEL_ISSUE_COLUMNS
    assert [(row["id"], row["label"]) for row in rows[:2]] == [("'=a", "fracture"), ("b", "no fracture")]
    assert [(row["why"], row["rank"]) for row in rows[3:]] == [(BOTH_LABELS, "1")] * 2
