"""DICOM lookup tables (Modality LUT and VOI LUT), including tables that deviate from their descriptor.

PS3.3 sections C.11.1.1 and C.11.2.1.1 define LUT Descriptor (0028,3002) and LUT Data (0028,3006). In real files an
entry is missing, some are added, 8-bit entries are stored in 16-bit words, or a signed first value is unsigned.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fracture_core.errors import ImageReadError
from fracture_core.imaging import rescale
from fracture_core.imaging.dicom_elements import read_element, read_numbers

# Missing or surplus entries without a visible effect: one in a hundred, and at least one.
_TOLERATED_SHARE = 100
# In a shorter table one entry more or less would be visible.
_SMALLEST_TOLERANT_TABLE = 16


@dataclass(frozen=True, eq=False)
class LookupTable:
    """The content of a Modality or VOI LUT Sequence item.

    Attributes:
        entries: int64 (n,), 0–65535. If entries are missing at the end, the last one is repeated.
        first: stored value of the first entry, as stated in the file.
        bits: bits per entry as stated in the file; 0 if they are not stated.
        has_surplus: whether the file has clearly more entries than stated.
    """

    entries: NDArray[np.int64]
    first: int
    bits: int
    has_surplus: bool

    @property
    def full_scale(self) -> int:
        """The entry that represents white.

        Tables with a stated depth of 16 bits often contain 12-bit entries, so the brightest entry decides.
        """
        brightest = int(self.entries.max())
        if 8 <= self.bits < 16 and brightest < 2**self.bits:
            return int(2**self.bits - 1)
        return rescale.full_scale_value(brightest)

    def apply(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Map values with the table.

        Args:
            values: array of any shape and number type.

        Returns:
            int64 array of the same shape; values outside the table get its first or last entry.

        Raises:
            ImageReadError: the image has values beyond the stated end of a table with surplus entries.
        """
        first = self._first_for(values)
        if self.has_surplus and values.max() - first >= self.entries.size:
            raise _contradiction()
        index = np.clip(np.rint(values) - np.float64(first), 0, self.entries.size - 1).astype(np.int64)
        mapped: NDArray[np.int64] = self.entries[index]
        return mapped

    def _first_for(self, values: NDArray[Any]) -> int:
        """The first input value with the sign of the values, because files may write it unsigned."""
        if 0 <= self.first <= 32767:
            return self.first
        other = self.first - 65536 if self.first > 0 else self.first + 65536
        covered = [
            np.count_nonzero((values >= first) & (values < first + self.entries.size))
            for first in (self.first, other)
        ]
        return other if covered[1] > covered[0] else self.first


def read_table(item: Dataset) -> LookupTable | None:
    """Read a lookup table.

    Args:
        item: an item of a Modality or VOI LUT Sequence.

    Returns:
        The table; None if the item has no descriptor or no data.

    Raises:
        ImageReadError: descriptor and data contradict each other, so the entries are uncertain.
    """
    descriptor, data = read_numbers(item, "LUTDescriptor"), _read_data(item)
    if len(descriptor) != 3 or not data:
        return None
    count = int(descriptor[0]) % 65536 or 65536  # C.11.1.1: 0 means 65,536
    first, bits = int(descriptor[1]), int(descriptor[2])
    bits = bits if 8 <= bits <= 16 else 0
    words = np.frombuffer(data[: len(data) // 2 * 2], "<u2")
    entries: NDArray[np.unsignedinteger[Any]]
    if bits > 8:
        entries = words
    else:
        # The byte that pads an odd number of entries is not an entry.
        bytes_fit = _fits(len(data) - (count % 2 == 1 and len(data) == count + 1), count)
        entries = words if _fits(words.size, count) and not bytes_fit else np.frombuffer(data, np.uint8)
        if not _fits(entries.size, count) and not bytes_fit:
            raise _contradiction()
    if count - entries.size > _tolerance(count):
        raise _contradiction()
    surplus = entries.size - count > _tolerance(count)
    return LookupTable(entries[:count].astype(np.int64), first, bits, surplus)


def _read_data(item: Dataset) -> bytes:
    """LUT Data as little endian bytes, for the value representations OW, OB and US."""
    data = read_element(item, "LUTData")
    if isinstance(data, bytes):
        if item.original_encoding[1] is False:
            return np.frombuffer(data[: len(data) // 2 * 2], ">u2").astype("<u2").tobytes()
        return data
    return (np.array(read_numbers(item, "LUTData")).astype(np.int64) % 65536).astype("<u2").tobytes()


def _tolerance(count: int) -> int:
    return max(1, count // _TOLERATED_SHARE) if count >= _SMALLEST_TOLERANT_TABLE else 0


def _fits(size: int, count: int) -> bool:
    return abs(size - count) <= _tolerance(count)


def _contradiction() -> ImageReadError:
    return ImageReadError(
        "The lookup table of the DICOM file contradicts its own description, so the grey levels are uncertain. "
        "Export the image from the archive again."
    )
