"""Elements of a DICOM data set, read so that a malformed one counts as absent.

pydicom converts a value when it is first asked for, so every look at one may fail on a damaged file.
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

#: What pydicom and its decoders raise on damaged files; `RuntimeError` when every decoder failed.
ELEMENT_ERRORS = (
    AttributeError, ValueError, TypeError, LookupError, RuntimeError, OSError, EOFError,
    ArithmeticError, AssertionError, SyntaxError, MemoryError, ImportError, struct.error, zlib.error,
    InvalidDicomError, BytesLengthException, Image.DecompressionBombError,
)  # fmt: skip

# pydicom needs about 10 µs to convert one value of a list or one element of a sequence. The largest
# elements read are lookup tables: 65,536 entries of two bytes, a few of them in a sequence.
_MAX_BYTES, _MAX_TABLE_BYTES, _MAX_ITEMS = 1 << 12, 1 << 20, 1000
# Items of a sequence that are looked at; each lookup table tried is a pass over the image.
_MAX_READ_ITEMS = 16
_ITEM = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")  # the tag of an item in either byte order
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def read_element(dataset: Dataset, keyword: str) -> Any:
    """The value of an element, or None where it is absent, empty, malformed or far longer than it may be."""
    try:
        return None if _is_oversized(dataset, keyword) else dataset.get(keyword)
    except ELEMENT_ERRORS:
        return None


def _is_oversized(dataset: Dataset, keyword: str) -> bool:
    """Whether the unconverted value would take long to convert."""
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
    """The first code string (VR CS) of an element in capitals without padding; "" where there is none."""
    return next(iter(texts(dataset, keyword)), "")


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """The code strings (VR CS) of an element in capitals without padding; empty where there are none."""
    value = read_element(dataset, keyword)
    values = value if isinstance(value, MultiValue | list | tuple) else [value]
    found = (part.strip("\0 \t\r\n").upper() for part in values if isinstance(part, str))
    return tuple(part for part in found if part)


def read_numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """The values of an element as finite numbers; empty where it is absent or any is malformed."""
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
    """The first value of an element as a finite number, or None."""
    values = read_numbers(dataset, keyword)
    return values[0] if values else None


def is_malformed(dataset: Dataset, keyword: str) -> bool:
    """Whether an element that should hold numbers is present and not empty, but holds none."""
    if keyword not in dataset or read_numbers(dataset, keyword):
        return False
    try:
        value = dataset.get_item(keyword).value
    except ELEMENT_ERRORS:
        return True
    return bool(value.strip(b"\0 ") if isinstance(value, bytes) else value not in (None, "", []))


def read_first_item(dataset: Dataset, keyword: str) -> Dataset | None:
    """The first item of a sequence, or None."""
    items = read_element(dataset, keyword)
    if not isinstance(items, Sequence):
        return None
    try:
        return items[0] if len(items) and isinstance(items[0], Dataset) else None
    except ELEMENT_ERRORS:
        return None


def all_items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """The first 16 items of a sequence; empty where there are none or the element is no sequence."""
    found = read_element(dataset, keyword)
    if not isinstance(found, Sequence):
        return ()
    try:
        return tuple(item for item in islice(found, _MAX_READ_ITEMS) if isinstance(item, Dataset))
    except ELEMENT_ERRORS:
        return ()


def encodings(dataset: Dataset) -> list[str]:
    """The Python encodings of Specific Character Set (0008,0005)."""
    return convert_encodings(read_element(dataset, "SpecificCharacterSet") or "")


def decoded_text(dataset: Dataset, keyword: str, charsets: list[str]) -> str:
    """The text of an element, decoded here.

    pydicom's own conversion warns of odd values and quotes them, and these may be names or dates of patients.

    Args:
        dataset: as parsed.
        keyword: of the element.
        charsets: Python encodings of the data set, see `encodings`.

    Returns:
        The text without control characters and padding; "" where there is none.

    Raises:
        Exception: one of `ELEMENT_ERRORS` where the value cannot be decoded.
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
