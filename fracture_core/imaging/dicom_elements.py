"""Access to DICOM elements that treats malformed values as absent.

pydicom converts a value at its first access, so every access may fail on a damaged file.
"""

import math
import re
import struct
import zlib
from itertools import islice
from typing import Any

from PIL import Image
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.valuerep import PersonName

#: Exceptions of pydicom and its decoders on damaged files; `RuntimeError` if every decoder failed.
ELEMENT_ERRORS = (
    AttributeError, ValueError, TypeError, LookupError, RuntimeError, OSError, EOFError,
    ArithmeticError, AssertionError, SyntaxError, MemoryError, ImportError, struct.error, zlib.error,
    InvalidDicomError, BytesLengthException, Image.DecompressionBombError,
)  # fmt: skip

# pydicom needs about 10 µs to convert one value of a list or one element of a sequence. The largest
# elements read are lookup tables: 65,536 entries of two bytes, a few of them in a sequence.
_MAX_BYTES, _MAX_TABLE_BYTES, _MAX_ITEMS = 1 << 12, 1 << 20, 1000
# Sequence items that are read. Each lookup table tried is a pass over the image.
_MAX_READ_ITEMS = 16
_ITEM = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")  # the tag of an item in either byte order
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def read_element(dataset: Dataset, keyword: str) -> Any:
    """Read the value of an element.

    Args:
        dataset: the parsed dataset.
        keyword: the DICOM keyword of the element.

    Returns:
        The value; None if it is absent, empty, malformed or far too long.
    """
    try:
        return None if _is_oversized(dataset, keyword) else dataset.get(keyword)
    except ELEMENT_ERRORS:
        return None


def _is_oversized(dataset: Dataset, keyword: str) -> bool:
    """Whether converting the raw value would take long."""
    if keyword not in dataset:
        return False
    raw = dataset.get_item(keyword)
    value = raw.value if isinstance(raw, RawDataElement) else None
    if not isinstance(value, bytes):
        return False
    holds_table = "LUT" in keyword or "LookupTable" in keyword or "Segmented" in keyword
    if len(value) > (_MAX_TABLE_BYTES if holds_table else _MAX_BYTES):
        return True
    return max(value.count(tag) for tag in _ITEM) > _MAX_ITEMS


def read_text(dataset: Dataset, keyword: str) -> str:
    """Read the first code string (VR CS) of an element, in capitals without padding; "" if there is none."""
    return next(iter(read_texts(dataset, keyword)), "")


def read_texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Read all code strings (VR CS) of an element, in capitals without padding; empty if there are none."""
    value = read_element(dataset, keyword)
    values = value if isinstance(value, MultiValue | list | tuple) else [value]
    codes = (part.strip("\0 \t\r\n").upper() for part in values if isinstance(part, str))
    return tuple(code for code in codes if code)


def read_numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """Read the values of an element as finite numbers; empty if it is absent or any value is malformed."""
    value = read_element(dataset, keyword)
    if value is None:
        return ()
    try:
        single = isinstance(value, str | bytes | int | float)
        values = tuple(float(v) for v in ([value] if single else value))
    except ELEMENT_ERRORS:
        return ()
    return values if all(math.isfinite(v) for v in values) else ()


def read_number(dataset: Dataset, keyword: str) -> float | None:
    """Read the first value of an element as a finite number; None if there is none."""
    values = read_numbers(dataset, keyword)
    return values[0] if values else None


def is_malformed(dataset: Dataset, keyword: str) -> bool:
    """Whether an element that should contain numbers is present and not empty, but has no valid number."""
    if keyword not in dataset or read_numbers(dataset, keyword):
        return False
    try:
        value = dataset.get_item(keyword).value
    except ELEMENT_ERRORS:
        return True
    return bool(value.strip(b"\0 ") if isinstance(value, bytes) else value not in (None, "", []))


def read_first_item(dataset: Dataset, keyword: str) -> Dataset | None:
    """Read the first item of a sequence; None if there is none."""
    items = read_element(dataset, keyword)
    if not isinstance(items, Sequence):
        return None
    try:
        return items[0] if len(items) and isinstance(items[0], Dataset) else None
    except ELEMENT_ERRORS:
        return None


def read_items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """Read the first 16 items of a sequence; empty if there are none or the element is not a sequence."""
    items = read_element(dataset, keyword)
    if not isinstance(items, Sequence):
        return ()
    try:
        return tuple(item for item in islice(items, _MAX_READ_ITEMS) if isinstance(item, Dataset))
    except ELEMENT_ERRORS:
        return ()


def read_encodings(dataset: Dataset) -> list[str]:
    """Read Specific Character Set (0008,0005) as a list of Python encodings."""
    return convert_encodings(read_element(dataset, "SpecificCharacterSet") or "")


def decode_text(dataset: Dataset, keyword: str, charsets: list[str]) -> str:
    """Decode the text of an element without pydicom's conversion.

    That conversion quotes unusual values in warnings, and these may be names or birth dates of patients.

    Args:
        dataset: the parsed dataset.
        keyword: the DICOM keyword of the element.
        charsets: Python encodings of the dataset, see `read_encodings`.

    Returns:
        The text without control characters and padding; "" if there is none.

    Raises:
        Exception: one of `ELEMENT_ERRORS`; the value cannot be decoded.
    """
    tag = Tag(keyword)
    if tag not in dataset:
        return ""
    raw = dataset.get_item(tag).value
    if not isinstance(raw, bytes):
        value = str(raw or "")
    elif dictionary_VR(tag) == "PN":
        value = str(PersonName(raw.rstrip(b"\0 "), charsets))
    else:
        value = decode_bytes(raw, charsets or ["ascii"], set())
    return _CONTROL.sub("", value).strip()
