"""Images with non-square pixels, resampled so that lengths and angles look right."""

import cv2
import numpy as np
from pydicom.dataset import Dataset

from fracture_core.imaging.dicom_elements import numbers
from fracture_core.imaging.size import MAX_MEGAPIXELS

#: Row and column spacing in mm, the most trustworthy first (PS3.3 sections C.7.6.2, C.8.11.4 and C.8.6.2).
SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")

# Rounded spacings differ by less; resampling would only blur the image.
_SQUARE = 0.01

# No detector has pixels longer than this many times their width.
_IMPLAUSIBLE = 4.0


def read_spacing(dataset: Dataset) -> tuple[float, float] | None:
    """(row, column) spacing in mm per stored pixel; None where the file states none."""
    return next((pair for pair in (_pair(dataset, keyword) for keyword in SPACINGS) if pair), None)


def read_aspect(dataset: Dataset) -> tuple[float, tuple[str, ...]]:
    r"""Reads the shape of the stored pixels.

    Args:
        dataset: the spacings of `SPACINGS` are read, else Pixel Aspect Ratio (0028,0034), which PS3.3 section
            C.7.6.3.1.7 gives as vertical\horizontal.

    Returns:
        Height of a pixel over its width, 1.0 where it is square or not known, and warnings.
    """
    pair = read_spacing(dataset) or _pair(dataset, "PixelAspectRatio")
    aspect = pair[0] / pair[1] if pair else 1.0
    if not 1 / _IMPLAUSIBLE <= aspect <= _IMPLAUSIBLE:
        return 1.0, (
            "The DICOM file states an implausible shape of its pixels, so the image may be distorted: "
            "compare it with the archive.",
        )
    return (1.0 if abs(aspect - 1) <= _SQUARE else aspect), ()


def square_size(shape: tuple[int, int], aspect: float) -> tuple[int, int]:
    """The size at which an image has square pixels.

    Args:
        shape: (rows, columns) as stored.
        aspect: height of a pixel over its width.

    Returns:
        (rows, columns). No detail is lost unless the image would become larger than `MAX_MEGAPIXELS`.
    """
    rows, columns = shape
    enlarge = rows * columns * max(aspect, 1 / aspect) <= MAX_MEGAPIXELS * 1e6
    # Either the longer side of the pixels is divided, or the shorter sides are merged.
    if (aspect > 1) == enlarge:
        return max(1, round(rows * aspect)), columns
    return rows, max(1, round(columns / aspect))


def resample(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resamples an image.

    Args:
        pixels: float32 (rows, columns).
        size: (rows, columns) to resample to.

    Returns:
        float32 array of that size.
    """
    if pixels.shape == size:
        return pixels
    shrinks = size[0] < pixels.shape[0] or size[1] < pixels.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (size[1], size[0]), interpolation=how))


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    values = numbers(dataset, keyword)
    return (values[0], values[1]) if len(values) == 2 and min(values) > 0 else None
