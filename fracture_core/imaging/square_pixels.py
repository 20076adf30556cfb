"""Resampling of images with non-square pixels, so that lengths and angles are displayed correctly."""

from typing import TypeVar

import cv2
import numpy as np
import scipy
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fracture_core.imaging.dicom_elements import read_numbers
from fracture_core.imaging.image_size import MAX_MEGAPIXELS

_Scalar = TypeVar("_Scalar", np.float32, np.bool_)

#: Elements with row and column spacing in mm, the most reliable first (PS3.3 sections C.7.6.2, C.8.11.4 and C.8.6.2).
SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")

# Smaller differences result from rounded spacings. Resampling would then only blur the image.
_SQUARE = 0.01

# No detector has a larger ratio of the sides of its pixels.
_IMPLAUSIBLE = 4.0


def read_spacing(dataset: Dataset) -> tuple[float, float] | None:
    """Read the (row, column) spacing in mm per stored pixel; None if the file states none."""
    return next((pair for pair in (_pair(dataset, keyword) for keyword in SPACINGS) if pair), None)


def read_aspect(dataset: Dataset) -> tuple[float, tuple[str, ...]]:
    r"""Read the aspect of the stored pixels.

    Args:
        dataset: the spacings of `SPACINGS` are read, otherwise Pixel Aspect Ratio (0028,0034), which PS3.3 section
            C.7.6.3.1.7 defines as vertical\horizontal.

    Returns:
        Height of a pixel divided by its width, 1.0 if it is square or unknown; and warnings.
    """
    pair = read_spacing(dataset) or _pair(dataset, "PixelAspectRatio")
    aspect = pair[0] / pair[1] if pair else 1.0
    if not 1 / _IMPLAUSIBLE <= aspect <= _IMPLAUSIBLE:
        return 1.0, (
            "The DICOM file states an implausible shape of its pixels, so the image may be distorted. "
            "Compare it with the archive.",
        )
    return (1.0 if abs(aspect - 1) <= _SQUARE else aspect), ()


def square_size(shape: tuple[int, int], aspect: float) -> tuple[int, int]:
    """Compute the size with square pixels that keeps the distance between the first and the last pixel centre.

    Args:
        shape: (rows, columns) of the stored image.
        aspect: height of a pixel divided by its width.

    Returns:
        (rows, columns). Detail is lost only if the image would become larger than `MAX_MEGAPIXELS`.
    """
    rows, columns = shape
    enlarge = rows * columns * max(aspect, 1 / aspect) <= MAX_MEGAPIXELS * 1e6
    # Either the image is enlarged along the longer side of its pixels, or reduced along the shorter side.
    if (aspect > 1) == enlarge:
        return round((rows - 1) * aspect) + 1, columns
    return rows, round((columns - 1) / aspect) + 1


def scale(shape: tuple[int, int], size: tuple[int, int]) -> tuple[float, float]:
    """Compute the (row, column) resampled pixels per stored pixel; the first pixel centres coincide."""
    rows, columns = (
        (new - 1) / (old - 1) if old > 1 < new else 1.0 for old, new in zip(shape, size, strict=True)
    )
    return rows, columns


def resample(pixels: NDArray[_Scalar], size: tuple[int, int]) -> NDArray[_Scalar]:
    """Resample an image with cubic splines, which keep the stored value where pixel centres coincide.

    Args:
        pixels: float32 (rows, columns) in 0–1, or a mask, which is resampled to the nearest value.
        size: (rows, columns) of the result.

    Returns:
        Array of that size and the same dtype.
    """
    if pixels.shape == size:
        return pixels
    factors = [new / old for old, new in zip(pixels.shape, size, strict=True)]
    if pixels.dtype == bool:
        resampled = scipy.ndimage.zoom(pixels.astype(np.uint8), factors, order=0)
    elif min(factors) < 1:
        resampled = cv2.resize(
            pixels.astype(np.float32, copy=False), (size[1], size[0]), interpolation=cv2.INTER_AREA
        )
    else:
        resampled = np.clip(scipy.ndimage.zoom(pixels, factors, order=3, mode="nearest"), 0, 1)
    return np.asarray(resampled, pixels.dtype)


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    values = read_numbers(dataset, keyword)
    return (values[0], values[1]) if len(values) == 2 and min(values) > 0 else None
