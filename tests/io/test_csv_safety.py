"""Cells that a spreadsheet does not calculate."""

import pytest

from fracture_core.io.csv_safety import escape_formula, unescape_formula


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_formula_gets_an_apostrophe(sign):
    assert escape_formula(f"{sign}1+1") == f"'{sign}1+1"


@pytest.mark.parametrize(
    "text", ["", "plain", "'quoted'", "a=b", "'=1", "''=1", "=1", "-", "'", "’=1", "\n'"]
)
def test_every_text_comes_back(text):
    assert unescape_formula(escape_formula(text)) == text
    assert not escape_formula(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
