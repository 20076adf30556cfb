"""DICOM stored values to grey levels in 0–1: the steps of the grayscale transformation sequence.

PS3.4 section N.2 and PS3.3 section C.11 define them and their order:

1. `apply_modality`: stored values to those the detector meant (LUT, or slope and intercept);
2. `apply_voi`: those to what is shown, 0–1 (VOI LUT, else window, else the full range);
3. `apply_photometric`: MONOCHROME1 means that low values are bright.

Each is a function of its arguments alone. Where a file offers several tables or windows, the first
that shows anything is used. Written out instead of calling `pydicom.pixels.apply_voi_lut` and its kin because those
fail on tables that real files hold (8-bit entries in words, more than 256 entries of 8 bits) and
turn the image dark side up where the rescale slope is negative.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

import numpy as np
from pydicom.dataset import Dataset

from fracture_core.errors import ImageReadError
from fracture_core.imaging import rescale
from fracture_core.imaging.dicom_elements import (
    all_items,
    is_malformed,
    read_first_item,
    read_number,
    read_numbers,
    read_text,
)
from fracture_core.imaging.dicom_lut import read_table

#: Share of pixels at either end that may not set the range: dead pixels, burnt-in letters.
_OUTLIERS = 0.001

# Beyond this, sums and differences of values lose digits.
_LARGEST = 1e15

_NOTHING_SHOWN = "The file's own display window shows nothing, so the full range of its values is shown."
_TABLE_IGNORED = (
    "The display table of the file contradicts its own description, so its display window is used instead."
)

# Each window tried is a pass over the image.
_MAX_WINDOWS = 16

# A table or a window: values to grey levels in 0–1.
_View = Callable[[np.ndarray], np.ndarray]


def apply_modality(values: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Stored values to the detector's (Modality LUT Module, PS3.3 section C.11.1).

    Args:
        values: stored values.
        dataset: read are Modality LUT Sequence, else Rescale Slope and Rescale Intercept.

    Returns:
        Array of the same shape; the same values where the file has neither.

    Raises:
        ImageReadError: the table contradicts itself, or slope and intercept leave no usable numbers.
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
    # Neighbouring stored values must stay apart.
    if not largest < _LARGEST or np.spacing(largest) > abs(slope) / 2:
        raise _bad_rescale("RescaleSlope", f"{slope:g} (with a RescaleIntercept of {intercept:g})")
    return rescaled


def _bad_rescale(keyword: str, stated: str) -> ImageReadError:
    return ImageReadError(
        f"The {keyword} of the DICOM file is {stated}, so its grey levels cannot be computed: "
        "export the image from the archive again."
    )


def apply_window(values: np.ndarray, centre: float, width: float, function: str = "LINEAR") -> np.ndarray:
    """Values to 0–1 through a window (PS3.3 sections C.11.2.1.2 and C.11.2.1.3).

    Args:
        values: array after the modality step.
        centre: Window Center.
        width: Window Width, above 1 for LINEAR and above 0 for the others.
        function: LINEAR, LINEAR_EXACT or SIGMOID; anything else is taken for LINEAR.

    Returns:
        float32 array of the same shape.
    """
    numbers = values.astype(np.float64)
    if function == "SIGMOID":
        # 1 / (1 + exp(-4 (x - c) / w)), written so that nothing overflows.
        with np.errstate(over="ignore"):
            return (0.5 + 0.5 * np.tanh(2 * (numbers - centre) / width)).astype(np.float32)
    if function != "LINEAR_EXACT":
        centre, width = centre - 0.5, width - 1
    low, high = centre - width / 2, centre + width / 2
    # Beyond the range of floats there is no window.
    return rescale.rescale_linear(numbers, low, high if math.isfinite(low) and math.isfinite(high) else low)


def scale_full_range(values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Values to 0–1 by their own range, less a few outliers; for files that name no window.

    Args:
        values: array after the modality step.
        valid: bool array of the same shape, False on padding.

    Returns:
        float32 array of the same shape.
    """
    inside = values[valid] if valid.any() else values
    low, high = np.quantile(inside, (_OUTLIERS, 1 - _OUTLIERS), method="nearest")
    if not high > low:
        low, high = inside.min(), inside.max()
    return rescale.rescale_linear(values, float(low), float(high))


def apply_voi(values: np.ndarray, dataset: Dataset, valid: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Values to what is shown (VOI LUT Module, PS3.3 section C.11.2).

    Args:
        values: array after the modality step.
        dataset: read are VOI LUT Sequence, else Window Center, Window Width and VOI LUT Function.
        valid: bool array of the same shape, False on pixels that are not image.

    Returns:
        float32 array of the same shape in 0–1, and warnings: the first table or window that shows more than one
        shade is used. Where none does, the full range is shown with a warning.

    Raises:
        ImageReadError: the only table contradicts itself, so the grey levels are uncertain.
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
        if _usable(shown, values, valid):
            return shown, warnings
    if contradiction is not None:
        raise contradiction
    unusable = bool(views) or any(is_malformed(dataset, name) for name in ("WindowCenter", "WindowWidth"))
    return scale_full_range(values, valid), (_NOTHING_SHOWN,) if unusable else ()


def _tables(dataset: Dataset) -> Iterator[_View]:
    for item in all_items(dataset, "VOILUTSequence"):
        if "LUTDescriptor" in item and "LUTData" in item:
            yield partial(_through_table, item)


def _windows(dataset: Dataset) -> Iterator[_View]:
    function = read_text(dataset, "VOILUTFunction") or "LINEAR"
    for centre, width in zip(
        read_numbers(dataset, "WindowCenter"), read_numbers(dataset, "WindowWidth"), strict=False
    ):
        # C.11.2.1.2: a narrower window is not defined.
        if width > (0 if function in ("LINEAR_EXACT", "SIGMOID") else 1):
            yield partial(apply_window, centre=centre, width=width, function=function)
        else:
            yield partial(np.zeros_like, dtype=np.float32)


def _through_table(item: Dataset, values: np.ndarray) -> np.ndarray:
    table = read_table(item)
    if table is None:
        return np.zeros(values.shape, np.float32)
    return rescale.rescale_linear(table.apply(values), 0, table.full_scale)


def _usable(shown: np.ndarray, values: np.ndarray, valid: np.ndarray) -> bool:
    """Whether a view tells pixels apart, as far as there is anything to tell."""
    inside = shown[valid] if valid.any() else shown
    darkest, brightest = inside.min(), inside.max()
    return bool(
        np.isfinite([darkest, brightest]).all() and (darkest < brightest or values.min() == values.max())
    )


def apply_photometric(shown: np.ndarray, photometric: str) -> np.ndarray:
    """Turns MONOCHROME1, where the lowest value is white, bright side up (PS3.3 C.7.6.3.1.2).

    Presentation LUT Shape does not decide: PS3.3 C.8.11.3.1.2 ties INVERSE to MONOCHROME1.

    Args:
        shown: float array in 0–1.
        photometric: Photometric Interpretation.

    Returns:
        Array of the same shape.
    """
    return 1 - shown if photometric == "MONOCHROME1" else shown


def presentation_warnings(dataset: Dataset) -> tuple[str, ...]:
    """Warns where Presentation LUT Shape (2050,0020) contradicts Photometric Interpretation."""
    inverse = read_text(dataset, "PresentationLUTShape") == "INVERSE"
    if inverse and read_text(dataset, "PhotometricInterpretation") == "MONOCHROME2":
        return (
            "The DICOM file says both that low values are dark and that they are bright, so the image may be "
            "inverted: compare it with the archive.",
        )
    return ()


def padding_mask(values: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Where the stored values are image and not padding (PS3.3 section C.7.5.1.1.2).

    Args:
        values: stored values.
        dataset: read are Pixel Padding Value and Pixel Padding Range Limit.

    Returns:
        bool array of the same shape, True on the image; True everywhere if all would be padding.
    """
    value, limit = (
        _as_stored(read_number(dataset, keyword), values)
        for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit")
    )
    if value is None:
        return np.ones(values.shape, bool)
    limit = value if limit is None else limit
    valid = (values < min(value, limit)) | (values > max(value, limit))
    return valid if valid.any() else np.ones(values.shape, bool)


def _as_stored(value: float | None, values: np.ndarray) -> float | None:
    """A padding value with the sign of the stored values; files write it as US or as SS regardless of them."""
    if value is None:
        return None
    if values.dtype.kind == "i" and value > 32767:
        return value - 65536
    return value + 65536 if values.dtype.kind == "u" and value < 0 else value
