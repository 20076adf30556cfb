"""Protection against formulas in CSV cells (OWASP, "CSV Injection")."""

import re

# Characters that make a spreadsheet evaluate a cell. Apostrophes before them are included, so that a text which has an
# apostrophe of its own can be restored exactly.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")


def escape_formula(text: str) -> str:
    """Prefix a text with an apostrophe if a spreadsheet would evaluate it.

    Example:
        >>> escape_formula("=1+1")
        "'=1+1"
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(cell: str) -> str:
    """Undo `escape_formula`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
