"""Bounding boxes in YOLO format: one text file per image, one box or polygon per line."""

import math
from collections.abc import Collection
from pathlib import Path

from fracture_core.datasets.cases import Box
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.datasets.layouts.boxes import ClippedBox, clip_fractions
from fracture_core.datasets.layouts.orientation import to_shown_image
from fracture_core.datasets.layouts.table import parse_number
from fracture_core.datasets.layouts.text_decoding import decode_text
from fracture_core.errors import SecondLookError
from fracture_core.internal_errors import file_boundary

# Fields of a line: class and box; a detection adds a confidence. A polygon (YOLO-seg) has at least three corners.
_BOX, _DETECTION, _POLYGON = 5, 6, 7


def read_yolo_boxes(
    path: Path, log: AnnotationLog, wanted: Collection[int] | None = None, image: Path | None = None
) -> tuple[Box, ...]:
    """Read the boxes of one image.

    A bad line is skipped with a remark; the image and its other boxes are kept.

    Args:
        path: a text file. Each line has a class number and either centre x, centre y, width and height, or the
            corners x1 y1 x2 y2 x3 y3 … of a polygon, which is replaced by its bounding box. All values are fractions
            of the image.
        log: collects a remark for each line that is skipped, clipped or a polygon.
        wanted: class numbers to read; None for all.
        image: the image file, for its EXIF orientation; None if it does not exist.

    Returns:
        Boxes (x0, y0, x1, y1) as fractions of the image; empty if there is no such file.
    """
    if not path.is_file():
        return ()
    try:
        with file_boundary():
            return _read(path, log, wanted, image)
    except SecondLookError as error:
        log.add("annotation_file_unreadable", path.stem, path, "", str(error))
        return ()


def _read(
    path: Path, log: AnnotationLog, wanted: Collection[int] | None, image: Path | None
) -> tuple[Box, ...]:
    try:
        text, _ = decode_text(path.read_bytes())
    except OSError as error:
        log.add("annotation_file_unreadable", path.stem, path, "", f"it cannot be opened ({error.strerror})")
        return ()
    except UnicodeDecodeError:
        log.add("annotation_file_unreadable", path.stem, path, "", "it is not a text file")
        return ()
    boxes = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        location = f"line {number}"
        try:
            class_number, box, is_polygon = _parse_line(line)
        except ValueError as error:
            log.add("annotation_skipped", path.stem, path, location, str(error))
            continue
        if wanted is not None and class_number not in wanted:
            continue
        if is_polygon:
            log.add("annotation_polygon", path.stem, path, location)
        if box.clipped:
            log.add("annotation_clipped", path.stem, path, location)
        boxes.append(box.box)
    return to_shown_image(tuple(boxes), image, None, log, path.stem, path)


def _parse_line(line: str) -> tuple[int, ClippedBox, bool]:
    """Class number, box, and whether the line is a polygon.

    Raises:
        ValueError: If the line has another form; the message is the reason.
    """
    fields = line.split()
    try:
        class_number, *values = (parse_number(text) for text in fields)
    except ValueError:
        raise ValueError(f"{line.strip()[:80]!r} does not consist of numbers") from None
    if not math.isfinite(class_number) or class_number != int(class_number) or class_number < 0:
        raise ValueError(f"{fields[0][:20]!r} is not a class number")
    if len(fields) in (_BOX, _DETECTION):
        x, y, width, height = values[:4]
        if width < 0 or height < 0:
            raise ValueError("its width or height is negative")
        box = clip_fractions(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        return int(class_number), box, False
    if len(fields) >= _POLYGON and len(fields) % 2 == 1:
        if not all(map(math.isfinite, values)):
            raise ValueError("a corner is not a finite number")
        xs, ys = values[::2], values[1::2]
        return int(class_number), clip_fractions(min(xs), min(ys), max(xs), max(ys)), True
    raise ValueError(
        f"expected a class and a box or a polygon, but {line.strip()[:80]!r} has {len(fields)} numbers"
    )
