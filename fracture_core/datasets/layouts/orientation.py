"""EXIF orientation of images, and boxes that were drawn on the stored pixels instead of the shown image."""

from pathlib import Path
from typing import NamedTuple

from PIL import Image

from fracture_core.datasets.cases import Box
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.errors import SecondLookError
from fracture_core.imaging import read_radiograph
from fracture_core.internal_errors import file_boundary

_JPEG_SIGNATURE = b"\xff\xd8\xff"

# Exif 2.32, tag 0x0112. Orientations 5 to 8 swap width and height.
_TAG, _UPRIGHT, _SWAPPED = 0x0112, 1, (5, 6, 7, 8)

# Relative difference up to which two aspect ratios count as equal.
_ASPECT_TOLERANCE = 0.02


class Frame(NamedTuple):
    """The stored pixels of an image.

    Attributes:
        width: columns.
        height: rows.
        orientation: EXIF orientation, 1–8; 1 is upright.
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
            if file.read(len(_JPEG_SIGNATURE)) != _JPEG_SIGNATURE:
                return None
            file.seek(0)
            with Image.open(file, formats=("JPEG", "MPO")) as image:
                orientation = image.getexif().get(_TAG, _UPRIGHT)
                valid = orientation if orientation in range(1, 9) else _UPRIGHT
                return Frame(image.width, image.height, valid)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None  # reading the pixels reports the error


def shown_size(path: Path) -> tuple[int, int] | None:
    """Return width and height of an image as it is shown, in pixels; None if it cannot be read."""
    frame = jpeg_frame(path)
    if frame is not None:
        swapped = frame.orientation in _SWAPPED
        return (frame.height, frame.width) if swapped else (frame.width, frame.height)
    try:
        with file_boundary():
            radiograph = read_radiograph(path)
            return radiograph.width, radiograph.height
    except SecondLookError:
        return None


def turn_box(box: Box, orientation: int) -> Box:
    """Transform a box from the stored pixels to the shown image.

    Args:
        box: fractions of the stored image.
        orientation: EXIF orientation, 1–8 (Exif 2.32, tag 0x0112).

    Returns:
        Fractions of the shown image.

    Example:
        >>> turn_box((0.0, 0.0, 0.25, 0.5), 6)
        (0.5, 0.0, 1.0, 0.25)
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
    name: str,
    file: Path,
) -> tuple[Box, ...]:
    """Transform the boxes of an image if the annotation describes its stored pixels.

    Args:
        boxes: boxes of one image, as fractions of the image that the annotation describes.
        path: the image file; None if it does not exist.
        declared: width and height in the annotation; None if it has none.
        log: collects a remark if boxes are transformed, or if the orientation is ambiguous.
        name: name of the image in the remark.
        file: the annotation file.

    Returns:
        Boxes as fractions of the shown image; unchanged if the orientation is ambiguous.
    """
    frame = jpeg_frame(path) if boxes and path is not None else None
    if frame is None or frame.orientation == _UPRIGHT:
        return boxes
    orientation = f"EXIF orientation {frame.orientation}"
    if declared is None:
        reason = f"{orientation}, and the annotation gives no image size"
    elif frame.orientation not in _SWAPPED or frame.width == frame.height:
        reason = f"{orientation} does not change the size of the image"
    elif _has_aspect(declared, (frame.width, frame.height)):
        log.add("box_turned", name, file, "", orientation)
        return tuple(turn_box(box, frame.orientation) for box in boxes)
    elif _has_aspect(declared, (frame.height, frame.width)):
        return boxes
    else:
        reason = f"{orientation}, and the annotation gives another size ({declared[0]:g} × {declared[1]:g})"
    log.add("box_orientation_unclear", name, file, "", reason)
    return boxes


def _has_aspect(size: tuple[float, float], reference: tuple[float, float]) -> bool:
    """Whether two sizes have the same aspect ratio; annotations may describe a scaled image."""
    if size == reference:
        return True
    ratio = (size[0] / size[1]) / (reference[0] / reference[1])
    swapped = (size[0] / size[1]) / (reference[1] / reference[0])
    # Nearly square images would match both orientations.
    return abs(ratio - 1) <= _ASPECT_TOLERANCE < abs(swapped - 1)
