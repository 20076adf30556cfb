"""Boxes in Pascal VOC's format: an XML file an image."""

import math
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse

from fracture_core.datasets.cases import Box
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.datasets.layouts.boxes import ClippedBox, clip_box, is_fracture_class
from fracture_core.datasets.layouts.fields import parse_number
from fracture_core.datasets.layouts.orientation import shown_size, to_shown_image
from fracture_core.errors import SecondLookError
from fracture_core.internal_errors import file_boundary


def read_voc_boxes(path: Path, log: AnnotationLog, image: Path | None = None) -> tuple[Box, ...]:
    """Read the fracture boxes of one image; none where there is no such file.

    A bad object is skipped and noted; it costs neither the image nor its other boxes.

    Args:
        path: an XML file with `size` (width, height) and, for each `object`, its `name` and a `bndbox` (xmin,
            ymin, xmax, ymax in pixels). Entities, which could name other files or fill the memory, are refused.
        log: takes a remark for each object that is skipped or clipped, and for a file that cannot be read.
        image: the image file. Its size is used where the file gives none, and its EXIF orientation is looked at.

    Returns:
        x0, y0, x1, y1 of each box as fractions of the image.
    """
    if not path.is_file():
        return ()
    try:
        with file_boundary():
            return _boxes(path, log, image)
    except SecondLookError as error:
        log.add("annotation_file_unreadable", path.stem, path, "", str(error))
        return ()


def _boxes(path: Path, log: AnnotationLog, image: Path | None) -> tuple[Box, ...]:
    try:
        root = parse(path).getroot()
    except (OSError, ParseError, DefusedXmlException, ValueError, LookupError) as error:
        log.add("annotation_file_unreadable", path.stem, path, "", f"it cannot be read as XML ({error})")
        return ()
    declared = _size(root)
    size: tuple[float, float] | None = declared
    found = []
    for number, mark in enumerate(root.iter("object"), 1):
        if not is_fracture_class(mark.findtext("name") or ""):
            continue
        if size is None:
            size = shown_size(image) if image is not None else None
        place = f"object {number}"
        try:
            if size is None:
                raise ValueError("the width and height of its image are unknown")
            box = _box(mark, size)
        except ValueError as error:
            log.add("annotation_skipped", path.stem, path, place, str(error))
            continue
        if box.clipped:
            log.add("annotation_clipped", path.stem, path, place)
        found.append(box.box)
    # Without a size in the file the boxes were measured on the image as it is shown.
    return to_shown_image(tuple(found), image, declared, log, path.stem, path)


def _size(root: Element) -> tuple[float, float] | None:
    """Width and height as the file gives them; None where they are missing or impossible."""
    try:
        width, height = (_number(root, f"size/{side}") for side in ("width", "height"))
    except ValueError:
        return None
    return (width, height) if width > 0 and height > 0 else None


def _box(mark: Element, size: tuple[float, float]) -> ClippedBox:
    width, height = size
    return clip_box(
        _number(mark, "bndbox/xmin") / width,
        _number(mark, "bndbox/ymin") / height,
        _number(mark, "bndbox/xmax") / width,
        _number(mark, "bndbox/ymax") / height,
    )


def _number(element: Element, name: str) -> float:
    """A number of an element.

    Raises:
        ValueError: it is missing or no finite number; the message is the reason.
    """
    text = element.findtext(name)
    if text is None or not text.strip():
        raise ValueError(f"{name} is missing")
    try:
        number = parse_number(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} is {text.strip()[:40]!r} and no number")
    return number
