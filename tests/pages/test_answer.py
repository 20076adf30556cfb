"""The verdict on an image, its meaning, and the reasons for a rejection."""

import pytest
from streamlit.testing.v1 import AppTest


def _page(finding: str) -> None:
    from types import SimpleNamespace

    from fracture_core.evaluation import Thresholds
    from fracture_core.vocabulary import Verdict
    from pages.components.second_opinion import answer

    card = SimpleNamespace(finding=finding, thresholds=Thresholds(0.2, 0.6, 0.95, 0.95, 0.4))
    for verdict in Verdict:
        answer.show_verdict(verdict, 0.7, card)


@pytest.mark.parametrize(
    ("finding", "phrase"), [("fracture", "a fracture"), ("abnormality", "an abnormality")]
)
def test_verdicts(finding, phrase):
    page = AppTest.from_function(_page, args=(finding,), default_timeout=60).run()
    assert not page.exception
    words = [block.proto.body for block in page.get("html")]
    for block, wanted in zip(words, (f"{finding} suspected", "uncertain", f"no {finding} seen"), strict=True):
        assert f'data-testid="verdict">{wanted}</div>' in block
        assert f"Probability of {phrase}:" in block
        assert ("fracture" in block) == (finding == "fracture")


def _answer(verdict_name: str) -> None:
    from types import SimpleNamespace

    from fracture_core.evaluation import Interval, Thresholds, VerdictCoverage
    from fracture_core.imaging import QualityCheck, QualityState
    from fracture_core.vocabulary import Verdict
    from pages.components.second_opinion import answer

    share, fractured = Interval(0.42, 0.3, 0.5, 529), Interval(0.11, 0.07, 0.18, 220)
    card = SimpleNamespace(
        finding="fracture",
        thresholds=Thresholds(0.2, 0.6, 0.95, 0.95, 0.4),
        test_coverage={"": VerdictCoverage((share,) * 3, (fractured,) * 3)},
        heads_record=SimpleNamespace(refused=Interval(0.004, 0.001, 0.013, 529)),
    )
    if verdict_name:
        answer.show_meaning(SimpleNamespace(card=card, verdict=Verdict(verdict_name)))
    else:
        answer.show_rejection(
            SimpleNamespace(card=card, gate=QualityCheck(QualityState.REFUSE, ("It is a <b>photo</b>.",)))
        )


def test_uncertain_is_explained():
    page = AppTest.from_function(_answer, args=("uncertain",), default_timeout=60).run()
    words = page.markdown[0].value
    assert "between the two thresholds: the model cannot tell" in words
    assert "On 42% of 529 test images the verdict was “uncertain”" in words
    assert "11% of these had a fracture (95% CI 7%–18%, n = 220)" in words
    words = (
        AppTest.from_function(_answer, args=("fracture suspected",), default_timeout=60)
        .run()
        .markdown[0]
        .value
    )
    assert "cannot tell" not in words


def test_rejected_image_gets_reasons_and_no_verdict():
    page = AppTest.from_function(_answer, args=("",), default_timeout=60).run()
    words = " ".join(block.proto.body for block in page.get("html"))
    assert "no opinion on this image" in words
    assert "It is a &lt;b&gt;photo&lt;/b&gt;." in words
    assert "Probability" not in words
    assert (
        "rejected under 1% of 529 test images, all of them radiographs (95% CI 0.1%–1.3%)"
        in page.caption[0].value
    )
