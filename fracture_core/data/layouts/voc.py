"""Boxes in Pascal VOC's format: an XML file an image."""

from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse

from fracture_core.data.cases import Box
from fracture_core.data.layouts.boxes import checked, is_fracture
from fracture_core.errors import DataError


def boxes(path: Path) -> tuple[Box, ...]:
    """The fracture boxes of one image; none where there is no such file.

    Args:
        path: an XML file with `size` (width, height) and, for each `object`, its `name` and a `bndbox` (xmin,
            ymin, xmax, ymax in pixels). Entities, which could name other files or fill the memory, are refused.

    Raises:
        DataError: the file is not as described.
    """
    if not path.is_file():
        return ()
    try:
        root = parse(path).getroot()
        marked = [mark for mark in root.iter("object") if is_fracture(mark.findtext("name", ""))]
        across, down = (
            (_number(root, f"size/{side}") for side in ("width", "height")) if marked else (1.0, 1.0)
        )
        return tuple(
            checked(
                _number(mark, "bndbox/xmin") / across,
                _number(mark, "bndbox/ymin") / down,
                _number(mark, "bndbox/xmax") / across,
                _number(mark, "bndbox/ymax") / down,
            )
            for mark in marked
        )
    except (OSError, ParseError, DefusedXmlException, ValueError, ZeroDivisionError) as error:
        raise DataError(
            f"Expected Pascal VOC annotations in {path}, but it cannot be read as such ({error}): mend that file, or "
            "remove it to work without its boxes."
        ) from error


def _number(element: Element, name: str) -> float:
    text = element.findtext(name)
    if text is None:
        raise ValueError(f"{name} is missing")
    return float(text)
