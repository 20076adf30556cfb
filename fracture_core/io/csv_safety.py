"""Text in cells of a CSV file that a spreadsheet shows and does not calculate, and back."""

import re

# What makes a spreadsheet take a text for a formula (OWASP, “CSV Injection”). Apostrophes before it count too:
# otherwise a text that has one of its own could not be told from one that was given one.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")


def escape_formula(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would execute."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(cell: str) -> str:
    """The text that `escape_formula` made a cell of."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
