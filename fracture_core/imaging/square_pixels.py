"""Images with non-square pixels, resampled so that lengths and angles look right."""

import cv2
import numpy as np
from pydicom.dataset import Dataset
from scipy import ndimage

from fracture_core.imaging.dicom_elements import read_numbers
from fracture_core.imaging.image_size import MAX_MEGAPIXELS

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
    """The size at which an image has square pixels, from the centre of its first pixel to that of its last.

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
        return round((rows - 1) * aspect) + 1, columns
    return rows, round((columns - 1) / aspect) + 1


def scale(shape: tuple[int, int], size: tuple[int, int]) -> tuple[float, float]:
    """(row, column) pixels of the resampled image per stored pixel; the first centres of both coincide."""
    rows, columns = (
        (new - 1) / (old - 1) if old > 1 < new else 1.0 for old, new in zip(shape, size, strict=True)
    )
    return rows, columns


def resample(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resamples an image by cubic splines, which keep stored pixels and sharp edges where centres coincide.

    Args:
        pixels: float32 (rows, columns) in 0–1, or bool, which takes the nearest value.
        size: (rows, columns) to resample to.

    Returns:
        Array of that size and the same type.
    """
    if pixels.shape == size:
        return pixels
    factors = [new / old for old, new in zip(pixels.shape, size, strict=True)]
    if pixels.dtype == bool:
        return np.asarray(ndimage.zoom(pixels.astype(np.uint8), factors, order=0).astype(bool))
    if min(factors) < 1:
        return np.asarray(cv2.resize(pixels, (size[1], size[0]), interpolation=cv2.INTER_AREA))
    return np.clip(ndimage.zoom(pixels, factors, order=3, mode="nearest"), 0, 1)


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    values = read_numbers(dataset, keyword)
    return (values[0], values[1]) if len(values) == 2 and min(values) > 0 else None
