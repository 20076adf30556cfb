"""Bounding boxes in Pascal VOC format: one XML file per image."""

import math
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse

from fracture_core.datasets.cases import Box
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.datasets.layouts.boxes import ClippedBox, clip_box, is_fracture_class
from fracture_core.datasets.layouts.orientation import shown_size, to_shown_image
from fracture_core.datasets.layouts.table import parse_number
from fracture_core.errors import SecondLookError
from fracture_core.internal_errors import file_boundary


def read_voc_boxes(path: Path, log: AnnotationLog, image: Path | None = None) -> tuple[Box, ...]:
    """Read the fracture boxes of one image.

    A bad object is skipped with a remark; the image and its other boxes are kept.

    Args:
        path: an XML file with `size` (width, height) and, for each `object`, its `name` and a `bndbox` (xmin,
            ymin, xmax, ymax in pixels). Entities are refused, because they can read files or exhaust the memory.
        log: collects a remark for each object that is skipped or clipped, and for an unreadable file.
        image: the image file. It supplies a missing size and the EXIF orientation.

    Returns:
        Boxes (x0, y0, x1, y1) as fractions of the image; empty if there is no such file.
    """
    if not path.is_file():
        return ()
    try:
        with file_boundary():
            return _read(path, log, image)
    except SecondLookError as error:
        log.add("annotation_file_unreadable", path.stem, path, "", str(error))
        return ()


def _read(path: Path, log: AnnotationLog, image: Path | None) -> tuple[Box, ...]:
    try:
        root = parse(path).getroot()
    except (OSError, ParseError, DefusedXmlException, ValueError, LookupError) as error:
        log.add("annotation_file_unreadable", path.stem, path, "", f"it cannot be read as XML ({error})")
        return ()
    declared = _size(root)
    size: tuple[float, float] | None = declared
    boxes = []
    for number, element in enumerate(root.iter("object"), 1):
        if not is_fracture_class(element.findtext("name") or ""):
            continue
        if size is None:
            size = shown_size(image) if image is not None else None
        location = f"object {number}"
        try:
            if size is None:
                raise ValueError("the width and height of its image are unknown")
            box = _box(element, size)
        except ValueError as error:
            log.add("annotation_skipped", path.stem, path, location, str(error))
            continue
        if box.clipped:
            log.add("annotation_clipped", path.stem, path, location)
        boxes.append(box.box)
    # Without a declared size, the boxes are fractions of the shown image already.
    return to_shown_image(tuple(boxes), image, declared, log, path.stem, path)


def _size(root: Element) -> tuple[float, float] | None:
    """Width and height in the file; None if missing or invalid."""
    try:
        width, height = (_number(root, f"size/{side}") for side in ("width", "height"))
    except ValueError:
        return None
    return (width, height) if width > 0 and height > 0 else None


def _box(element: Element, size: tuple[float, float]) -> ClippedBox:
    width, height = size
    return clip_box(
        _number(element, "bndbox/xmin") / width,
        _number(element, "bndbox/ymin") / height,
        _number(element, "bndbox/xmax") / width,
        _number(element, "bndbox/ymax") / height,
    )


def _number(element: Element, name: str) -> float:
    """A number of an element.

    Raises:
        ValueError: If it is missing or not finite; the message is the reason.
    """
    text = element.findtext(name)
    if text is None or not text.strip():
        raise ValueError(f"{name} is missing")
    try:
        number = parse_number(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} is {text.strip()[:40]!r}, not a number")
    return number
