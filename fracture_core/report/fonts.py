"""The fonts of reports: DejaVu Sans, which is part of matplotlib.

Its licence allows embedding. It has Latin, Greek and Cyrillic letters; other letters appear as boxes.
"""

from importlib.util import find_spec
from pathlib import Path

from fracture_core.errors import SecondLookError

REGULAR_FONT, BOLD_FONT = "DejaVuSans", "DejaVuSans-Bold"


def font_file(name: str) -> str:
    """Return the path of a font, without importing matplotlib.

    Raises:
        SecondLookError: the installation of matplotlib is incomplete.
    """
    spec = find_spec("matplotlib")
    path = Path(spec.origin or "").parent / "mpl-data" / "fonts" / "ttf" / f"{name}.ttf" if spec else None
    if path is None or not path.is_file():
        raise SecondLookError(f"The font {name} is missing in matplotlib. Install the requirements again.")
    return str(path)
