"""Elements of a DICOM data set, read so that a malformed one counts as absent.

pydicom converts a value when it is first asked for, so every look at one may fail on a damaged file.
"""

import math
import struct
import zlib
from typing import Any

from PIL import Image
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.multival import MultiValue

#: What pydicom and its decoders raise on damaged files; `RuntimeError` when every decoder failed.
DAMAGED = (
    AttributeError, ValueError, TypeError, LookupError, RuntimeError, OSError, EOFError,
    OverflowError, MemoryError, ImportError, struct.error, zlib.error,
    InvalidDicomError, BytesLengthException, Image.DecompressionBombError,
)  # fmt: skip


def element(dataset: Dataset, keyword: str) -> Any:
    """The value of an element, or None where it is absent, empty or malformed."""
    try:
        return dataset.get(keyword)
    except DAMAGED:
        return None


def text(dataset: Dataset, keyword: str) -> str:
    """The first code string (VR CS) of an element in capitals without padding; "" where there is none."""
    return next(iter(texts(dataset, keyword)), "")


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """The code strings (VR CS) of an element in capitals without padding; empty where there are none."""
    value = element(dataset, keyword)
    values = value if isinstance(value, MultiValue | list | tuple) else [value or ""]
    return tuple(found for found in (str(part).strip().upper() for part in values) if found)


def numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """The values of an element as finite numbers; empty where it is absent or any is malformed."""
    value = element(dataset, keyword)
    if value is None:
        return ()
    try:
        single = isinstance(value, str | bytes | int | float)
        values = tuple(float(v) for v in ([value] if single else value))
    except DAMAGED:
        return ()
    return values if all(math.isfinite(v) for v in values) else ()


def number(dataset: Dataset, keyword: str) -> float | None:
    """The first value of an element as a finite number, or None."""
    values = numbers(dataset, keyword)
    return values[0] if values else None


def is_malformed(dataset: Dataset, keyword: str) -> bool:
    """Whether an element that should hold numbers is present and not empty, but holds none."""
    if keyword not in dataset or numbers(dataset, keyword):
        return False
    try:
        value = dataset.get_item(keyword).value
    except DAMAGED:
        return True
    return bool(value.strip(b"\0 ") if isinstance(value, bytes) else value not in (None, "", []))


def first_item(dataset: Dataset, keyword: str) -> Dataset | None:
    """The first item of a sequence, or None."""
    items = element(dataset, keyword)
    return items[0] if items and isinstance(items[0], Dataset) else None


def all_items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """The items of a sequence; empty where there are none."""
    found = element(dataset, keyword)
    try:
        return tuple(item for item in found or () if isinstance(item, Dataset))
    except DAMAGED:
        return ()
