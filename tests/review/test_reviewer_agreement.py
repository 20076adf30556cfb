"""Cohen's kappa compared with manual results and with scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from fracture_core.review import ANNOTATIONS, Review, measure_agreement

TIME = "2026-01-01T00:00:00+00:00"


def _reviews(**marks: list[str]) -> list[Review]:
    return [
        Review(str(number), mark, "", name, TIME)
        for name, sequence in marks.items()
        for number, mark in enumerate(sequence)
        if mark
    ]


def test_kappa_equals_manual_result():
    # Both “subtle” 20 times, both “correct” 15 times, 5 and 10 apart: agreement 0.7; by chance
    # 0.5 · 0.6 + 0.5 · 0.4 = 0.5; kappa (0.7 − 0.5) / (1 − 0.5) = 0.4.
    first = ["subtle"] * 25 + ["correct"] * 25
    second = ["subtle"] * 20 + ["correct"] * 5 + ["subtle"] * 10 + ["correct"] * 15
    (agreement,) = measure_agreement(_reviews(A=first, B=second))
    assert (agreement.first, agreement.second, agreement.same, agreement.kappa.n) == ("A", "B", 35, 50)
    assert agreement.kappa.value == pytest.approx(0.4)
    assert -1 <= agreement.kappa.low < 0.4 < agreement.kappa.high <= 1


def test_kappa_equals_scikit_learn_for_every_pair():
    rng = np.random.default_rng(5)
    marks = {name: [str(mark) for mark in rng.choice([*ANNOTATIONS, ""], 80)] for name in "ABC"}
    agreement = measure_agreement(_reviews(**marks))
    assert [(pair.first, pair.second) for pair in agreement] == [("A", "B"), ("A", "C"), ("B", "C")]
    for pair in agreement:
        both = [
            (first, second)
            for first, second in zip(marks[pair.first], marks[pair.second], strict=True)
            if first and second
        ]
        assert pair.kappa.n == len(both)
        assert pair.kappa.value == pytest.approx(cohen_kappa_score(*zip(*both, strict=True)))


@pytest.mark.parametrize(
    ("second", "shared"), [(["", "", "subtle"], 0), (["subtle", "subtle", ""], 2)], ids=["none", "one mark"]
)
def test_kappa_is_unknown_when_chance_agreement_is_certain(second, shared):
    (agreement,) = measure_agreement(_reviews(A=["subtle", "subtle", ""], B=second))
    assert not agreement.kappa.is_measured
    assert (agreement.same, agreement.kappa.n) == (shared, shared)


def test_complete_agreement_and_disagreement():
    (agreement,) = measure_agreement(_reviews(A=["subtle", "correct"], B=["subtle", "correct"]))
    assert agreement.kappa.value == pytest.approx(1)
    assert math.isnan(agreement.kappa.low)
    (agreement,) = measure_agreement(_reviews(A=["subtle", "correct"], B=["correct", "subtle"]))
    assert agreement.kappa.value == pytest.approx(-1)


def test_single_reviewer_has_no_agreement():
    assert measure_agreement(_reviews(A=["subtle"])) == []
    assert measure_agreement([]) == []


def test_one_shared_image_with_two_marks_has_no_interval_and_no_warning():
    time = "2026-01-01T00:00:00+00:00"
    pair = [Review("1", "subtle", "", "A", time), Review("1", "correct", "", "B", time)]
    (agreement,) = measure_agreement(pair)
    assert (agreement.same, agreement.kappa.n) == (0, 1)
    assert agreement.kappa.low != agreement.kappa.low
