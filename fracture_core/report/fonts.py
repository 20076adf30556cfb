"""The letters of reports: DejaVu Sans, which matplotlib brings along.

Its licence allows embedding. It has Latin, Greek and Cyrillic letters; others are drawn as boxes.
"""

from importlib.util import find_spec
from pathlib import Path

from fracture_core.errors import SecondLookError

REGULAR_FONT, BOLD_FONT = "DejaVuSans", "DejaVuSans-Bold"


def font_file(name: str) -> str:
    """The path of a font, without loading matplotlib.

    Raises:
        SecondLookError: matplotlib is not whole.
    """
    spec = find_spec("matplotlib")
    path = Path(spec.origin or "").parent / "mpl-data" / "fonts" / "ttf" / f"{name}.ttf" if spec else None
    if path is None or not path.is_file():
        raise SecondLookError(
            f"Expected the font {name} in matplotlib, but it is not there: install the requirements again."
        )
    return str(path)
