"""The grayscale transformation sequence: DICOM stored values to grey levels in 0–1.

PS3.4 section N.2 and PS3.3 section C.11 define the steps and their order:

1. `apply_modality`: Modality LUT, or rescale slope and intercept.
2. `apply_voi`: VOI LUT, otherwise the window, otherwise the full range of values.
3. `apply_photometric`: inversion of MONOCHROME1.

If a file has several tables or windows, the first with a visible result is used. `pydicom.pixels.apply_voi_lut` and
related functions are not used. They fail on some tables in real files: 8-bit entries in words, more than 256 entries of
8 bits. They also invert the image if the rescale slope is negative.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fracture_core.errors import ImageReadError
from fracture_core.imaging import rescale
from fracture_core.imaging.dicom_elements import (
    is_malformed,
    read_first_item,
    read_items,
    read_number,
    read_numbers,
    read_text,
)
from fracture_core.imaging.dicom_lut import read_table

# Share of pixels at either end that is ignored when the range is computed: dead pixels, burnt-in letters.
_OUTLIER_SHARE = 0.001

# Sums and differences of larger values lose precision.
_MAX_VALUE = 1e15

_WINDOW_IGNORED = "The display window of the file is not usable, so the full range of its values is shown."
_TABLE_IGNORED = (
    "The display table (VOI LUT) of the file contradicts its descriptor. The display window is used."
)

# Maximum number of windows that are tried. Each needs a pass over the image.
_MAX_WINDOWS = 16

# A table or a window: maps values to grey levels in 0–1.
_View = Callable[[NDArray[Any]], NDArray[np.float32]]


def apply_modality(values: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    """Apply the Modality LUT or the rescale slope and intercept (PS3.3 section C.11.1).

    Args:
        values: stored values, of any shape and number type.
        dataset: Modality LUT Sequence is read, otherwise Rescale Slope and Rescale Intercept.

    Returns:
        Array of the same shape; `values` itself if the file has neither.

    Raises:
        ImageReadError: the table contradicts its descriptor, or the rescaled values are not usable.
    """
    item = read_first_item(dataset, "ModalityLUTSequence")
    table = None if item is None else read_table(item)
    if table is not None:
        return table.apply(values)
    for keyword in ("RescaleSlope", "RescaleIntercept"):
        if is_malformed(dataset, keyword):
            raise _bad_rescale(keyword, "not a number")
    slope, intercept = read_number(dataset, "RescaleSlope"), read_number(dataset, "RescaleIntercept")
    if slope is None or intercept is None or (slope, intercept) == (1, 0):
        return values
    if slope == 0:
        raise _bad_rescale("RescaleSlope", "0")
    with np.errstate(over="ignore"):
        rescaled = values.astype(np.float64) * slope + intercept
        largest = np.abs(rescaled).max()
    # Neighbouring stored values must remain distinct.
    if not largest < _MAX_VALUE or np.spacing(largest) > abs(slope) / 2:
        raise _bad_rescale("RescaleSlope", f"{slope:g} (with a RescaleIntercept of {intercept:g})")
    return rescaled


def _bad_rescale(keyword: str, stated: str) -> ImageReadError:
    return ImageReadError(
        f"The {keyword} of the DICOM file is {stated}, so its grey levels cannot be computed. "
        "Export the image from the archive again."
    )


def apply_window(
    values: NDArray[Any], centre: float, width: float, function: str = "LINEAR"
) -> NDArray[np.float32]:
    """Apply a window (PS3.3 sections C.11.2.1.2 and C.11.2.1.3).

    Args:
        values: array after the modality step, of any shape.
        centre: Window Center.
        width: Window Width, above 1 for LINEAR and above 0 for the others.
        function: LINEAR, LINEAR_EXACT or SIGMOID; other names are treated as LINEAR.

    Returns:
        Grey levels in 0–1, float32 of the same shape.

    Example:
        >>> apply_window(np.array([0, 1024, 4095]), centre=1024.5, width=2049)
        array([0. , 0.5, 1. ], dtype=float32)
    """
    numbers = values.astype(np.float64)
    if function == "SIGMOID":
        # 1 / (1 + exp(-4 (x - c) / w)) in a form that does not overflow.
        with np.errstate(over="ignore"):
            sigmoid = 0.5 + 0.5 * np.tanh(2 * (numbers - centre) / width)
        return np.asarray(sigmoid, np.float32)
    if function != "LINEAR_EXACT":
        centre, width = centre - 0.5, width - 1
    low, high = centre - width / 2, centre + width / 2
    # A window outside the range of floats gives a black image.
    return rescale.rescale_linear(numbers, low, high if math.isfinite(low) and math.isfinite(high) else low)


def scale_full_range(values: NDArray[Any], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Scale values by their own range without a few outliers, for files without a window.

    Args:
        values: array after the modality step.
        valid: mask of the same shape, False on padding.

    Returns:
        Grey levels in 0–1, float32 of the same shape.
    """
    return rescale.rescale_linear(values, *compute_full_range(values[valid] if valid.any() else values))


def compute_full_range(values: NDArray[Any]) -> tuple[float, float]:
    """Compute the lowest and the highest value without a few outliers.

    Args:
        values: array after the modality step, of any shape.
    """
    low, high = np.quantile(values, (_OUTLIER_SHARE, 1 - _OUTLIER_SHARE), method="nearest")
    if not high > low:
        low, high = values.min(), values.max()
    return float(low), float(high)


def apply_voi(
    values: NDArray[Any], dataset: Dataset, valid: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Apply the VOI LUT or the window (VOI LUT Module, PS3.3 section C.11.2).

    Args:
        values: array after the modality step.
        dataset: VOI LUT Sequence is read, otherwise Window Center, Window Width and VOI LUT Function.
        valid: mask of the same shape, False on pixels that do not belong to the image.

    Returns:
        Grey levels in 0–1, float32 of the same shape, and warnings. The first table or window that shows more than
        one shade is used. If none does, the full range is shown with a warning.

    Raises:
        ImageReadError: there is no usable window, and a table contradicts its descriptor.
    """
    views = [*_tables(dataset), *islice(_windows(dataset), _MAX_WINDOWS)]
    warnings: tuple[str, ...] = ()
    contradiction = None
    for view in views:
        try:
            shown = view(values)
        except ImageReadError as error:
            contradiction = error
            warnings = (_TABLE_IGNORED,)
            continue
        if _has_contrast(shown, values, valid):
            return shown, warnings
    if contradiction is not None:
        raise contradiction
    unusable = bool(views) or any(is_malformed(dataset, name) for name in ("WindowCenter", "WindowWidth"))
    return scale_full_range(values, valid), (_WINDOW_IGNORED,) if unusable else ()


def _tables(dataset: Dataset) -> Iterator[_View]:
    for item in read_items(dataset, "VOILUTSequence"):
        if "LUTDescriptor" in item and "LUTData" in item:
            yield partial(_apply_table, item)


def _windows(dataset: Dataset) -> Iterator[_View]:
    function = read_text(dataset, "VOILUTFunction") or "LINEAR"
    for centre, width in zip(
        read_numbers(dataset, "WindowCenter"), read_numbers(dataset, "WindowWidth"), strict=False
    ):
        # C.11.2.1.2 does not define a narrower window.
        if width > (0 if function in ("LINEAR_EXACT", "SIGMOID") else 1):
            yield partial(apply_window, centre=centre, width=width, function=function)
        else:
            yield partial(np.zeros_like, dtype=np.float32)


def _apply_table(item: Dataset, values: NDArray[Any]) -> NDArray[np.float32]:
    table = read_table(item)
    if table is None:
        return np.zeros(values.shape, np.float32)
    return rescale.rescale_linear(table.apply(values), 0, table.full_scale)


def _has_contrast(shown: NDArray[np.float32], values: NDArray[Any], valid: NDArray[np.bool_]) -> bool:
    """Check that grey levels are finite and, unless all values are equal, not all the same."""
    inside = shown[valid] if valid.any() else shown
    darkest, brightest = inside.min(), inside.max()
    return bool(
        np.isfinite([darkest, brightest]).all() and (darkest < brightest or values.min() == values.max())
    )


def apply_photometric(shown: NDArray[np.float32], photometric: str) -> NDArray[np.float32]:
    """Invert MONOCHROME1 images, in which the lowest value is white (PS3.3 C.7.6.3.1.2).

    Presentation LUT Shape is not used: PS3.3 C.8.11.3.1.2 requires INVERSE for MONOCHROME1.

    Args:
        shown: grey levels in 0–1, of any shape.
        photometric: Photometric Interpretation.

    Returns:
        Array of the same shape.
    """
    return 1 - shown if photometric == "MONOCHROME1" else shown


def presentation_warnings(dataset: Dataset) -> tuple[str, ...]:
    """Warn if Presentation LUT Shape (2050,0020) contradicts Photometric Interpretation."""
    inverse = read_text(dataset, "PresentationLUTShape") == "INVERSE"
    if inverse and read_text(dataset, "PhotometricInterpretation") == "MONOCHROME2":
        return (
            "Two elements of the DICOM file disagree on whether low values are dark or bright, so the image may be "
            "inverted. Compare it with the archive.",
        )
    return ()


def valid_pixel_mask(values: NDArray[Any], dataset: Dataset) -> NDArray[np.bool_]:
    """Find the pixels that are not padding (PS3.3 section C.7.5.1.1.2).

    Args:
        values: stored values.
        dataset: Pixel Padding Value and Pixel Padding Range Limit are read.

    Returns:
        Mask of the same shape, True on the image; True everywhere if all pixels would be padding.
    """
    value, limit = (
        _match_sign(read_number(dataset, keyword), values)
        for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit")
    )
    if value is None:
        return np.ones(values.shape, bool)
    limit = value if limit is None else limit
    valid = (values < min(value, limit)) | (values > max(value, limit))
    return valid if valid.any() else np.ones(values.shape, bool)


def _match_sign(value: float | None, values: NDArray[Any]) -> float | None:
    """Convert a padding value to the signedness of the stored values.

    Files write it as US or SS regardless of Pixel Representation.
    """
    if value is None:
        return None
    if values.dtype.kind == "i" and value > 32767:
        return value - 65536
    return value + 65536 if values.dtype.kind == "u" and value < 0 else value
