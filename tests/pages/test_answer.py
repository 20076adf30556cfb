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
def test_verdict_is_shown_with_its_probability(finding, phrase):
    page = AppTest.from_function(_page, args=(finding,)).run()
    assert not page.exception
    texts = [block.proto.body for block in page.get("html")]
    for block, expected in zip(
        texts, (f"{finding} suspected", "uncertain", f"no {finding} seen"), strict=True
    ):
        assert f'data-testid="verdict">{expected}</div>' in block
        assert f"Probability of {phrase}:" in block
        assert ("fracture" in block) == (finding == "fracture")


def _meaning_page(verdict_name: str) -> None:
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
    page = AppTest.from_function(_meaning_page, args=("uncertain",)).run()
    text = page.markdown[0].value
    assert "between the two thresholds: the model cannot tell" in text
    assert "On 42% of 529 test images the verdict was “uncertain”" in text
    assert "11% of these had a fracture (95% CI 7%–18%, n = 220)" in text
    text = AppTest.from_function(_meaning_page, args=("fracture suspected",)).run().markdown[0].value
    assert "cannot tell" not in text


def test_rejected_image_gets_reasons_and_no_verdict():
    page = AppTest.from_function(_meaning_page, args=("",)).run()
    text = " ".join(block.proto.body for block in page.get("html"))
    assert "no opinion on this image" in text
    assert "It is a &lt;b&gt;photo&lt;/b&gt;." in text
    assert "Probability" not in text
    assert (
        "rejected under 1% of 529 test images, all of them radiographs (95% CI 0.1%–1.3%)"
        in page.caption[0].value
    )
