"""DICOM stored values to grey levels in 0–1: the steps of the grayscale transformation sequence.

PS3.4 section N.2 and PS3.3 section C.11 define them and their order:

1. `modality`: stored values to those the detector meant (LUT, or slope and intercept);
2. `display`: those to what is shown, 0–1 (VOI LUT, else window, else the full range);
3. `invert`: MONOCHROME1 means that low values are bright.

Each is a function of its arguments alone. Where a file offers several tables or windows, the first
is meant. Written out instead of calling `pydicom.pixels.apply_voi_lut` and its kin because those
fail on tables that real files hold (8-bit entries in words, more than 256 entries of 8 bits) and
turn the image dark side up where the rescale slope is negative.
"""

import numpy as np
from pydicom.dataset import Dataset

from fracture_core.imaging import levels
from fracture_core.imaging.dicom_elements import element, first_item, number, numbers, text

#: Share of pixels at either end that may not set the range: dead pixels, burnt-in letters.
_OUTLIERS = 0.001


def lookup(values: np.ndarray, item: Dataset) -> np.ndarray | None:
    """Maps values through a DICOM lookup table (PS3.3 sections C.11.1.1 and C.11.2.1.1).

    Args:
        values: array of any shape.
        item: an item of a Modality or VOI LUT Sequence.

    Returns:
        Integer array of the same shape; values outside the table take its first or last entry.
        None where the table is absent or malformed.
    """
    table, first = _table(item)
    if table is None:
        return None
    # The first input value is signed where the values are, which the file need not say.
    if first > 32767 and values.min() < 0:
        first -= 65536
    index = np.clip(np.rint(values).astype(np.int64) - first, 0, table.size - 1)
    return table[index]


def _table(item: Dataset) -> tuple[np.ndarray | None, int]:
    """The entries of a lookup table, and the input value the first of them stands for."""
    descriptor, data = numbers(item, "LUTDescriptor"), element(item, "LUTData")
    if len(descriptor) != 3 or data is None:
        return None, 0
    entries = int(descriptor[0]) % 65536 or 65536  # C.11.1.1: 0 stands for 65,536
    first = int(descriptor[1])
    if isinstance(data, bytes):
        if len(data) >= 2 * entries:
            little = item.original_encoding[1] is not False
            table = np.frombuffer(data[: 2 * entries], "<u2" if little else ">u2")
        else:
            table = np.frombuffer(data[:entries], np.uint8)
    else:
        table = np.asarray(numbers(item, "LUTData")[:entries])
    return (np.clip(table.astype(np.int64), 0, 65535), first) if table.size else (None, 0)


def modality(values: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Stored values to the detector's (Modality LUT Module, PS3.3 section C.11.1).

    Args:
        values: stored values.
        dataset: read are Modality LUT Sequence, else Rescale Slope and Rescale Intercept.

    Returns:
        Array of the same shape; the same values where the file has neither.
    """
    item = first_item(dataset, "ModalityLUTSequence")
    mapped = None if item is None else lookup(values, item)
    if mapped is not None:
        return mapped
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
    if not slope or intercept is None or (slope, intercept) == (1, 0):
        return values
    return values.astype(np.float64) * slope + intercept


def window(values: np.ndarray, centre: float, width: float, function: str = "LINEAR") -> np.ndarray:
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
        return (0.5 + 0.5 * np.tanh(2 * (numbers - centre) / width)).astype(np.float32)
    if function != "LINEAR_EXACT":
        centre, width = centre - 0.5, width - 1
    return levels.stretch(numbers, centre - width / 2, centre + width / 2)


def full_range(values: np.ndarray, valid: np.ndarray) -> np.ndarray:
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
    return levels.stretch(values, float(low), float(high))


def display(values: np.ndarray, dataset: Dataset, valid: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Values to what is shown (VOI LUT Module, PS3.3 section C.11.2).

    Args:
        values: array after the modality step.
        dataset: read are VOI LUT Sequence, else Window Center, Window Width and VOI LUT Function.
        valid: bool array of the same shape, False on padding.

    Returns:
        float32 array of the same shape in 0–1, and warnings: a table or window that leaves one
        shade, or only black and white, is set aside for the full range.
    """
    item = first_item(dataset, "VOILUTSequence")
    shown = None if item is None else _through_table(values, item)
    centre, width = number(dataset, "WindowCenter"), number(dataset, "WindowWidth")
    if shown is None and centre is not None and width is not None:
        function = text(dataset, "VOILUTFunction") or "LINEAR"
        usable = width > (1 if function not in ("LINEAR_EXACT", "SIGMOID") else 0)
        shown = window(values, centre, width, function) if usable else np.zeros(values.shape, np.float32)
    if shown is None:
        return full_range(values, valid), ()
    inside = shown[valid] if valid.any() else shown
    if inside.min() == inside.max() and values.min() != values.max():
        warning = "The file's own display window shows nothing, so the full range of its values is shown."
        return full_range(values, valid), (warning,)
    return shown, ()


def _through_table(values: np.ndarray, item: Dataset) -> np.ndarray | None:
    mapped = lookup(values, item)
    if mapped is None:
        return None
    # Some tables announce 16 bits and hold 12: their brightest entry tells.
    table, _ = _table(item)
    brightest = 0 if table is None else int(table.max())
    return levels.stretch(mapped, 0, levels.full_scale(brightest))


def invert(shown: np.ndarray, photometric: str) -> np.ndarray:
    """Turns MONOCHROME1, where the lowest value is white, bright side up (PS3.3 C.7.6.3.1.2).

    Presentation LUT Shape is not read: PS3.3 C.8.11.3.1.2 ties INVERSE to MONOCHROME1.

    Args:
        shown: float array in 0–1.
        photometric: Photometric Interpretation.

    Returns:
        Array of the same shape.
    """
    return 1 - shown if photometric == "MONOCHROME1" else shown


def padding(values: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Where the stored values are image and not padding (PS3.3 section C.7.5.1.1.2).

    Args:
        values: stored values.
        dataset: read are Pixel Padding Value and Pixel Padding Range Limit.

    Returns:
        bool array of the same shape, True on the image; True everywhere if all would be padding.
    """
    value, limit = number(dataset, "PixelPaddingValue"), number(dataset, "PixelPaddingRangeLimit")
    if value is None:
        return np.ones(values.shape, bool)
    limit = value if limit is None else limit
    valid = (values < min(value, limit)) | (values > max(value, limit))
    return valid if valid.any() else np.ones(values.shape, bool)
