"""The DICOM display shutter (PS3.3 section C.7.6.11), which hides parts of an image."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fracture_core.imaging.dicom_elements import read_number, read_numbers, read_texts

_WHITE = 65535

# Coordinates are clipped to this value, because OpenCV's integers are too small for some values in files.
_FAR = 1_000_000

_EDGES = (
    "ShutterUpperHorizontalEdge",
    "ShutterLowerHorizontalEdge",
    "ShutterLeftVerticalEdge",
    "ShutterRightVerticalEdge",
)


@dataclass(frozen=True, eq=False)
class Shutter:
    """A display shutter on the pixels of a file.

    Attributes:
        hidden: mask (rows, columns), True on hidden pixels.
        level: grey level in 0–1 that is displayed instead.
    """

    hidden: NDArray[np.bool_]
    level: float


def read_shutter(
    dataset: Dataset, shape: tuple[int, int], aspect: float
) -> tuple[Shutter | None, tuple[str, ...]]:
    """Read the display shutter. With several shapes, the area inside all of them is visible.

    Args:
        dataset: the elements of the Display Shutter Module are read.
        shape: (rows, columns) of the stored image.
        aspect: height of a pixel divided by its width.

    Returns:
        The shutter or None, and warnings. Malformed shapes, and shutters that hide the whole image, are ignored.
    """
    names = read_texts(dataset, "ShutterShape")
    if not names:
        return None, ()
    warnings: tuple[str, ...] = ()
    visible = np.ones(shape, bool)
    for name in names:
        area = _visible_area(name, dataset, shape, aspect)
        if area is None:
            warnings = ("The display shutter of the DICOM file is malformed and was ignored.",)
        else:
            visible &= area
    if not visible.any():
        return None, ("The display shutter of the DICOM file hides the whole image and was ignored.",)
    if visible.all():
        return None, warnings
    level = min(max(read_number(dataset, "ShutterPresentationValue") or 0, 0), _WHITE) / _WHITE
    return Shutter(~visible, level), warnings


def _visible_area(
    name: str, dataset: Dataset, shape: tuple[int, int], aspect: float
) -> NDArray[np.bool_] | None:
    """Mask (rows, columns) of the area inside one shape; None if it is malformed or unknown."""
    if name == "RECTANGULAR":
        return _rectangle(dataset, shape)
    if name == "CIRCULAR":
        return _circle(dataset, shape, aspect)
    return _polygon(dataset, shape) if name == "POLYGONAL" else None


def _rectangle(dataset: Dataset, shape: tuple[int, int]) -> NDArray[np.bool_] | None:
    edges = [read_number(dataset, keyword) for keyword in _EDGES]
    upper, lower, left, right = edges
    if upper is None or lower is None or left is None or right is None or upper > lower or left > right:
        return None
    # The first pixel is row 1, column 1. The edges belong to the visible area.
    row, column = np.arange(1, shape[0] + 1), np.arange(1, shape[1] + 1)
    visible: NDArray[np.bool_] = ((row >= upper) & (row <= lower))[:, None] & (
        (column >= left) & (column <= right)
    )
    return visible


def _circle(dataset: Dataset, shape: tuple[int, int], aspect: float) -> NDArray[np.bool_] | None:
    centre, radius = (
        read_numbers(dataset, "CenterOfCircularShutter"),
        read_number(dataset, "RadiusOfCircularShutter"),
    )
    if len(centre) != 2 or radius is None or radius <= 0:
        return None
    # The radius is in pixels along a row, so distances along a column are scaled accordingly.
    down = (np.arange(1, shape[0] + 1) - centre[0]) * aspect
    across = np.arange(1, shape[1] + 1) - centre[1]
    visible: NDArray[np.bool_] = (down**2)[:, None] + across**2 <= radius**2
    return visible


def _polygon(dataset: Dataset, shape: tuple[int, int]) -> NDArray[np.bool_] | None:
    flat = read_numbers(dataset, "VerticesOfThePolygonalShutter")
    if len(flat) < 6 or len(flat) % 2:
        return None
    corners = np.clip(np.array(flat).reshape(-1, 2)[:, ::-1] - 1, -_FAR, _FAR)
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(corners).astype(np.int32)], 1)
    return mask.astype(bool)
