"""Cells that a spreadsheet does not calculate."""

import pytest

from fracture_core.spreadsheet import harmless, meant


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_formula_gets_an_apostrophe(sign):
    assert harmless(f"{sign}1+1") == f"'{sign}1+1"


@pytest.mark.parametrize(
    "text", ["", "plain", "'quoted'", "a=b", "'=1", "''=1", "=1", "-", "'", "’=1", "\n'"]
)
def test_every_text_comes_back(text):
    assert meant(harmless(text)) == text
    assert not harmless(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
