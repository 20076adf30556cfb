"""Protection against formulas in CSV cells."""

import pytest

from fracture_core.io.csv_safety import escape_formula, unescape_formula


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_formula_is_escaped(sign):
    assert escape_formula(f"{sign}1+1") == f"'{sign}1+1"


@pytest.mark.parametrize(
    "text", ["", "plain", "'quoted'", "a=b", "'=1", "''=1", "=1", "-", "'", "’=1", "\n'"]
)
def test_escaping_is_reversible(text):
    assert unescape_formula(escape_formula(text)) == text
    assert not escape_formula(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
