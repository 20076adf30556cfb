"""Files that say by their name that they are a turned copy: `12-rotated1-rotated2.jpg`."""

import re
from pathlib import Path

# Names grow by one ending with each turn; some were copied again after: `12-rotated1 - Copy (1).jpg`.
_TURNED = re.compile(r"(-rotated\d+)+")


def original_stem(path: Path) -> str:
    """The name, without its ending, of the film that a file was turned from; its own for any other film."""
    return _TURNED.sub("", path.stem)


def is_rotated_copy(path: Path) -> bool:
    """Whether a file calls itself a turned copy."""
    return _TURNED.search(path.stem) is not None
