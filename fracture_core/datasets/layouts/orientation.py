"""Boxes of images that EXIF turns: drawn on the stored pixels, or on the turned image."""

from pathlib import Path
from typing import NamedTuple

from PIL import Image

from fracture_core.datasets.cases import Box
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.errors import SecondLookError
from fracture_core.imaging import read_radiograph
from fracture_core.internal_errors import file_boundary

_JPEG = b"\xff\xd8\xff"

# Exif 2.32, tag 0x0112. From 5 on, width and height change places.
_TAG, _UPRIGHT, _SWAPPED = 0x0112, 1, (5, 6, 7, 8)

# Relative difference of two aspect ratios that counts as none.
_SAME_ASPECT = 0.02


class Frame(NamedTuple):
    """The pixels of an image as they are stored.

    Attributes:
        width: columns.
        height: rows.
        orientation: EXIF orientation, 1–8; 1 needs no turn.
    """

    width: int
    height: int
    orientation: int


def jpeg_frame(path: Path) -> Frame | None:
    """Read size and EXIF orientation from the header of a JPEG file; None for any other file."""
    try:
        with file_boundary():
            return _jpeg_frame(path)
    except SecondLookError:
        return None


def _jpeg_frame(path: Path) -> Frame | None:
    try:
        with path.open("rb") as file:
            if file.read(len(_JPEG)) != _JPEG:
                return None
            file.seek(0)
            with Image.open(file, formats=("JPEG", "MPO")) as image:
                orientation = image.getexif().get(_TAG, _UPRIGHT)
                known = orientation if orientation in range(1, 9) else _UPRIGHT
                return Frame(image.width, image.height, known)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None  # reading the image itself says what is wrong with it


def shown_size(path: Path) -> tuple[int, int] | None:
    """Width and height of an image as it is shown; None where it cannot be read."""
    frame = jpeg_frame(path)
    if frame is not None:
        turned = frame.orientation in _SWAPPED
        return (frame.height, frame.width) if turned else (frame.width, frame.height)
    try:
        with file_boundary():
            film = read_radiograph(path)
            return film.width, film.height
    except SecondLookError:
        return None


def turn_box(box: Box, orientation: int) -> Box:
    """Move a box from the stored pixels to the image as EXIF turns it.

    Args:
        box: fractions of the stored image.
        orientation: EXIF orientation, 1–8 (Exif 2.32, tag 0x0112).

    Returns:
        Fractions of the turned image.
    """
    x0, y0, x1, y1 = box
    return {
        1: (x0, y0, x1, y1),
        2: (1 - x1, y0, 1 - x0, y1),
        3: (1 - x1, 1 - y1, 1 - x0, 1 - y0),
        4: (x0, 1 - y1, x1, 1 - y0),
        5: (y0, x0, y1, x1),
        6: (1 - y1, x0, 1 - y0, x1),
        7: (1 - y1, 1 - x1, 1 - y0, 1 - x0),
        8: (y0, 1 - x1, y1, 1 - x0),
    }[orientation]


def to_shown_image(
    boxes: tuple[Box, ...],
    path: Path | None,
    declared: tuple[float, float] | None,
    log: AnnotationLog,
    film: str,
    file: Path,
) -> tuple[Box, ...]:
    """Turn the boxes of an image whose annotation describes the stored pixels.

    Args:
        boxes: of one image, as fractions of the image that the annotation describes.
        path: the image file; None where it is not there.
        declared: width and height that the annotation gives; None where it gives none.
        log: takes a remark when boxes are turned, or when it cannot be told.
        film: name of the image for the remark.
        file: the annotation file.

    Returns:
        The boxes as fractions of the image as it is shown. They stay as they are where it cannot be told.
    """
    frame = jpeg_frame(path) if boxes and path is not None else None
    if frame is None or frame.orientation == _UPRIGHT:
        return boxes
    what = f"EXIF orientation {frame.orientation}"
    if declared is None:
        log.add("box_orientation_unclear", film, file, "", f"{what}, and the annotation gives no image size")
    elif frame.orientation not in _SWAPPED or frame.width == frame.height:
        log.add("box_orientation_unclear", film, file, "", f"{what} does not change the size of the image")
    elif _has_aspect(declared, (frame.width, frame.height)):
        log.add("box_turned", film, file, "", what)
        return tuple(turn_box(box, frame.orientation) for box in boxes)
    elif not _has_aspect(declared, (frame.height, frame.width)):
        log.add(
            "box_orientation_unclear",
            film,
            file,
            "",
            f"{what}, and the annotation gives another size ({declared[0]:g} × {declared[1]:g})",
        )
    return boxes


def _has_aspect(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two sizes have the same shape; annotations may describe a scaled image."""
    if one == other:
        return True
    ratio = (one[0] / one[1]) / (other[0] / other[1])
    swapped = (one[0] / one[1]) / (other[1] / other[0])
    # Nearly square images fit both ways.
    return abs(ratio - 1) <= _SAME_ASPECT < abs(swapped - 1)
