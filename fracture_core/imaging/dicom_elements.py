"""Elements of a DICOM data set, read so that a malformed one counts as absent.

pydicom converts a value when it is first asked for, so every look at one may fail on a damaged file.
"""

import math
import re
import struct
import zlib
from typing import Any

from PIL import Image
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.tag import Tag
from pydicom.valuerep import PersonName

#: What pydicom and its decoders raise on damaged files; `RuntimeError` when every decoder failed.
DAMAGED = (
    AttributeError, ValueError, TypeError, LookupError, RuntimeError, OSError, EOFError,
    OverflowError, MemoryError, ImportError, struct.error, zlib.error,
    InvalidDicomError, BytesLengthException, Image.DecompressionBombError,
)  # fmt: skip

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def element(dataset: Dataset, keyword: str) -> Any:
    """The value of an element, or None where it is absent, empty or malformed."""
    try:
        return dataset.get(keyword)
    except DAMAGED:
        return None


def text(dataset: Dataset, keyword: str) -> str:
    """A code string (VR CS) in capitals without padding; "" where there is none."""
    return str(element(dataset, keyword) or "").strip().upper()


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


def first_item(dataset: Dataset, keyword: str) -> Dataset | None:
    """The first item of a sequence, or None."""
    items = element(dataset, keyword)
    return items[0] if items and isinstance(items[0], Dataset) else None


def encodings(dataset: Dataset) -> list[str]:
    """The Python encodings of Specific Character Set (0008,0005)."""
    return convert_encodings(element(dataset, "SpecificCharacterSet") or "")


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
        Exception: one of `DAMAGED` where the value cannot be decoded.
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
