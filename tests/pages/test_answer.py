"""A verdict in the words of what the model was trained to find."""

import pytest
from streamlit.testing.v1 import AppTest


def _page(finding: str) -> None:
    from types import SimpleNamespace

    from fracture_core.evaluation import Thresholds
    from fracture_core.words import Verdict
    from pages.parts import answer

    card = SimpleNamespace(finding=finding, thresholds=Thresholds(0.2, 0.6, 0.95, 0.95, 0.4))
    for verdict in Verdict:
        answer.verdict(verdict, 0.7, card)


@pytest.mark.parametrize(
    ("finding", "phrase"), [("fracture", "a fracture"), ("abnormality", "an abnormality")]
)
def test_verdicts(finding, phrase):
    page = AppTest.from_function(_page, args=(finding,)).run()
    assert not page.exception
    words = [block.proto.body for block in page.get("html")]
    for block, wanted in zip(words, (f"{finding} suspected", "uncertain", f"no {finding} seen"), strict=True):
        assert f'data-testid="verdict">{wanted}</div>' in block
        assert f"Probability of {phrase}:" in block
        assert ("fracture" in block) == (finding == "fracture")
