"""Boxes in YOLO's format: a text file an image, a line a box."""

from collections.abc import Collection
from pathlib import Path

from fracture_core.data.cases import Box
from fracture_core.data.layouts.boxes import checked
from fracture_core.errors import DataError


def boxes(path: Path, wanted: Collection[int] | None = None) -> tuple[Box, ...]:
    """The boxes of one image; none where there is no such file.

    Args:
        path: a text file whose lines hold class number, centre x, centre y, width and height, the last four
            as fractions of the image.
        wanted: class numbers that count; None for all.

    Raises:
        DataError: a line is not as described.
    """
    if not path.is_file():
        return ()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Expected YOLO boxes in {path}, but it is no text file: mend that file.") from error
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            kind, x, y, width, height = (float(word) for word in line.split())
            if wanted is None or kind in wanted:
                found.append(checked(x - width / 2, y - height / 2, x + width / 2, y + height / 2))
        except ValueError as error:
            why = f" ({error})" if len(line.split()) == 5 else ""
            raise DataError(
                f"Expected a class and four fractions of the image in {path}, but line {number} reads "
                f"{line[:80]!r}{why}: mend that file."
            ) from None
    return tuple(found)
