"""Reliability of a verdict in words, from one set of thresholds."""

from types import SimpleNamespace

import pytest

from fracture_core.evaluation import Interval, Thresholds, VerdictCoverage
from fracture_core.report.reliability import next_step, reliability_details, reliability_line
from fracture_core.vocabulary import Verdict

_SHARE = Interval(0.3, 0.2, 0.4, 529)


def _card(finding: str = "fracture") -> SimpleNamespace:
    hand = VerdictCoverage(
        (_SHARE,) * 3,
        (Interval(0.02, 0.0, 0.1, 50), Interval(0.14, 0.08, 0.24, 100), Interval(0.999, 0.9, 1.0, 40)),
    )  # 1 of 50, 14 of 100 and 40 of 40
    hip = VerdictCoverage(
        (_SHARE,) * 3, (Interval(0.0, 0.0, 0.3, 12), Interval.unknown(), Interval(1.0, 0.03, 1.0, 1))
    )
    return SimpleNamespace(
        finding=finding,
        title="Test model",
        weights=SimpleNamespace(sha256="0123456789"),
        data=SimpleNamespace(name="FracAtlas, Abedeen et al.", checked=True),
        thresholds=Thresholds(0.03, 0.3, 0.95, 0.95, 0.28),
        test_coverage={"": hand, "hand": hand, "hip": hip},
        test_summary=lambda region: SimpleNamespace(auc=Interval(0.9, 0.85, 0.95, 190)),
    )


def test_line_states_rate_and_interval_for_verdict_and_region():
    assert (
        reliability_line(Verdict.UNCERTAIN, "hand", _card())
        == "Hand, uncertain: 14 of 100 such test images had a fracture (95% CI 8–24)."
    )
    assert "more than 99 of 100" in reliability_line(Verdict.SUSPECTED, "hand", _card())
    assert reliability_line(Verdict.UNCERTAIN, "", _card()).startswith("All regions, uncertain: 14")
    assert "had an abnormality" in reliability_line(Verdict.UNCERTAIN, "hand", _card("abnormality"))


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (
            Verdict.NOT_SEEN,
            "Hip, no fracture seen: too little is known. Only 12 test images had this verdict.",
        ),
        (Verdict.UNCERTAIN, "Hip, uncertain: too little is known. Only 0 test images had this verdict."),
        (
            Verdict.SUSPECTED,
            "Hip, fracture suspected: too little is known. Only 1 test image had this verdict.",
        ),
    ],
)
def test_no_rate_is_stated_for_few_images(verdict, text):
    assert reliability_line(verdict, "hip", _card()) == text


def test_nothing_is_promised_without_a_record():
    assert reliability_line(Verdict.UNCERTAIN, "foot", _card()).startswith("This model has no test record")
    assert "not tested on such images" in reliability_line(Verdict.UNCERTAIN, "hand", _card(), refused=True)
    assert reliability_details("foot", _card())[0].startswith("This model has no test record")


def test_details_count_the_same_images_as_the_verdicts():
    text = " ".join(reliability_details("hand", _card()))
    assert "190 test hand images, 55 with a fracture." in text
    assert "40 of 55 were “fracture suspected”, 14 uncertain, and 1 missed" in text
    assert (
        "of the other 135, 49 were “no fracture seen”, 86 uncertain, and 0 wrongly “fracture suspected”"
        in text
    )
    assert "below 3%, no fracture seen; from 30%, fracture suspected" in text
    # The threshold of the record in the card, which no verdict uses, is not mixed in.
    assert "28%" not in text


def test_every_verdict_has_a_next_step():
    steps = {next_step(verdict, "fracture") for verdict in Verdict}
    assert len(steps) == 3
    assert "cannot tell" in next_step(Verdict.UNCERTAIN, "fracture")
    assert next_step(Verdict.SUSPECTED, "fracture", refused=True).startswith("Do not use this answer")
