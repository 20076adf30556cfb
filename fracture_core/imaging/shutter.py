"""The DICOM display shutter (PS3.3 section C.7.6.11): parts of an image that are not to be shown."""

from dataclasses import dataclass

import cv2
import numpy as np
from pydicom.dataset import Dataset

from fracture_core.imaging.dicom_elements import read_number, read_numbers, texts

_WHITE = 65535

# Vertices farther out than any image are moved here; OpenCV's integers do not hold all that a file may state.
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
        hidden: bool (rows, columns), True on pixels that are not to be shown.
        level: grey level 0–1 that is shown instead.
    """

    hidden: np.ndarray
    level: float


def read_shutter(
    dataset: Dataset, shape: tuple[int, int], aspect: float
) -> tuple[Shutter | None, tuple[str, ...]]:
    """Reads the display shutter; several shapes leave visible what lies inside all of them.

    Args:
        dataset: the elements of the Display Shutter Module are read.
        shape: (rows, columns) of the image as stored.
        aspect: height of a pixel over its width.

    Returns:
        The shutter or None, and warnings: a malformed shape, or a shutter that hides everything, is ignored.
    """
    names = texts(dataset, "ShutterShape")
    if not names:
        return None, ()
    warnings: tuple[str, ...] = ()
    visible = np.ones(shape, bool)
    for name in names:
        opening = _opening(name, dataset, shape, aspect)
        if opening is None:
            warnings = ("The display shutter of the DICOM file is malformed and was ignored.",)
        else:
            visible &= opening
    if not visible.any():
        return None, ("The display shutter of the DICOM file hides the whole image and was ignored.",)
    if visible.all():
        return None, warnings
    level = min(max(read_number(dataset, "ShutterPresentationValue") or 0, 0), _WHITE) / _WHITE
    return Shutter(~visible, level), warnings


def _opening(name: str, dataset: Dataset, shape: tuple[int, int], aspect: float) -> np.ndarray | None:
    """What one shape leaves visible, bool (rows, columns); None where it is malformed or unknown."""
    if name == "RECTANGULAR":
        return _rectangle(dataset, shape)
    if name == "CIRCULAR":
        return _circle(dataset, shape, aspect)
    return _polygon(dataset, shape) if name == "POLYGONAL" else None


def _rectangle(dataset: Dataset, shape: tuple[int, int]) -> np.ndarray | None:
    edges = [read_number(dataset, keyword) for keyword in _EDGES]
    upper, lower, left, right = edges
    if upper is None or lower is None or left is None or right is None or upper > lower or left > right:
        return None
    # The first pixel is row 1, column 1; the edges belong to the image.
    row, column = np.arange(1, shape[0] + 1), np.arange(1, shape[1] + 1)
    return ((row >= upper) & (row <= lower))[:, None] & ((column >= left) & (column <= right))


def _circle(dataset: Dataset, shape: tuple[int, int], aspect: float) -> np.ndarray | None:
    centre, radius = (
        read_numbers(dataset, "CenterOfCircularShutter"),
        read_number(dataset, "RadiusOfCircularShutter"),
    )
    if len(centre) != 2 or radius is None or radius <= 0:
        return None
    # The radius counts pixels along a row, so the distance along a column is scaled to them.
    down = (np.arange(1, shape[0] + 1) - centre[0]) * aspect
    across = np.arange(1, shape[1] + 1) - centre[1]
    return (down**2)[:, None] + across**2 <= radius**2


def _polygon(dataset: Dataset, shape: tuple[int, int]) -> np.ndarray | None:
    flat = read_numbers(dataset, "VerticesOfThePolygonalShutter")
    if len(flat) < 6 or len(flat) % 2:
        return None
    corners = np.clip(np.array(flat).reshape(-1, 2)[:, ::-1] - 1, -_FAR, _FAR)
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(corners).astype(np.int32)], 1)
    return mask.astype(bool)
