"""Boxes in YOLO's format: a text file an image, a line a box or a polygon."""

import math
from collections.abc import Collection
from pathlib import Path

from fracture_core.datasets.cases import Box
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.datasets.layouts.boxes import ClippedBox, clip_fractions
from fracture_core.datasets.layouts.fields import parse_number
from fracture_core.datasets.layouts.orientation import to_shown_image
from fracture_core.datasets.layouts.text_decoding import decode_text
from fracture_core.errors import SecondLookError
from fracture_core.internal_errors import file_boundary

# Class and box; detections have a confidence behind it. Polygons of YOLO-seg have a class and at least three points.
_BOX, _DETECTION, _POLYGON = 5, 6, 7


def read_yolo_boxes(
    path: Path, log: AnnotationLog, wanted: Collection[int] | None = None, image: Path | None = None
) -> tuple[Box, ...]:
    """Read the boxes of one image; none where there is no such file.

    A bad line is skipped and noted; it costs neither the image nor its other boxes.

    Args:
        path: a text file whose lines hold a class number and either centre x, centre y, width and height, or the
            corners x1 y1 x2 y2 x3 y3 … of a polygon, whose bounding box is taken. All are fractions of the image.
        log: takes a remark for each line that is skipped, clipped or a polygon.
        wanted: class numbers that count; None for all.
        image: the image file, whose EXIF orientation is looked at; None where it is not there.

    Returns:
        x0, y0, x1, y1 of each box as fractions of the image.
    """
    if not path.is_file():
        return ()
    try:
        with file_boundary():
            return _boxes(path, log, wanted, image)
    except SecondLookError as error:
        log.add("annotation_file_unreadable", path.stem, path, "", str(error))
        return ()


def _boxes(
    path: Path, log: AnnotationLog, wanted: Collection[int] | None, image: Path | None
) -> tuple[Box, ...]:
    try:
        text, _ = decode_text(path.read_bytes())
    except OSError as error:
        log.add("annotation_file_unreadable", path.stem, path, "", f"it cannot be opened ({error.strerror})")
        return ()
    except UnicodeDecodeError:
        log.add("annotation_file_unreadable", path.stem, path, "", "it is no text file")
        return ()
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        place = f"line {number}"
        try:
            kind, box, is_polygon = _read_line(line)
        except ValueError as error:
            log.add("annotation_skipped", path.stem, path, place, str(error))
            continue
        if wanted is not None and kind not in wanted:
            continue
        if is_polygon:
            log.add("annotation_polygon", path.stem, path, place)
        if box.clipped:
            log.add("annotation_clipped", path.stem, path, place)
        found.append(box.box)
    return to_shown_image(tuple(found), image, None, log, path.stem, path)


def _read_line(line: str) -> tuple[int, ClippedBox, bool]:
    """Class number, box, and whether the line is a polygon.

    Raises:
        ValueError: it is none of the forms; the message is the reason.
    """
    words = line.split()
    try:
        kind, *numbers = (parse_number(word) for word in words)
    except ValueError:
        raise ValueError(f"{line.strip()[:80]!r} does not consist of numbers") from None
    if not math.isfinite(kind) or kind != int(kind) or kind < 0:
        raise ValueError(f"{words[0][:20]!r} is no class number")
    if len(words) in (_BOX, _DETECTION):
        x, y, width, height = numbers[:4]
        if width < 0 or height < 0:
            raise ValueError("its width or height is negative")
        return int(kind), clip_fractions(x - width / 2, y - height / 2, x + width / 2, y + height / 2), False
    if len(words) >= _POLYGON and len(words) % 2 == 1:
        if not all(map(math.isfinite, numbers)):
            raise ValueError("a corner is not a finite number")
        across, down = numbers[::2], numbers[1::2]
        return int(kind), clip_fractions(min(across), min(down), max(across), max(down)), True
    raise ValueError(
        f"expected a class and a box or a polygon, but {line.strip()[:80]!r} has {len(words)} numbers"
    )
