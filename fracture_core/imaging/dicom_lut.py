"""DICOM lookup tables (Modality LUT and VOI LUT), including tables that contradict their descriptor.

PS3.3 sections C.11.1.1 and C.11.2.1.1 define LUT Descriptor (0028,3002) and LUT Data (0028,3006). Real files
miss an entry, add some, store 8-bit entries in 16-bit words, or write a signed first value as unsigned.
"""

from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from fracture_core.errors import ImageReadError
from fracture_core.imaging import rescale
from fracture_core.imaging.dicom_elements import read_element, read_numbers

# Missing or surplus entries that change nothing visible: one in a hundred, and at least one.
_TOLERATED_SHARE = 100
# In a shorter table one entry more or less would be visible.
_SMALLEST_TOLERANT_TABLE = 16


@dataclass(frozen=True, eq=False)
class LookupTable:
    """The content of a Modality or VOI LUT Sequence item.

    Attributes:
        entries: int64 (n,), 0–65535. One entry may be missing at the end; it counts as a repeated last entry.
        first: stored value that the first entry stands for, as the file states it.
        bits: bits per entry as the file states them; 0 where it does not.
        has_surplus: whether the file holds clearly more entries than it announces.
    """

    entries: np.ndarray
    first: int
    bits: int
    has_surplus: bool

    @property
    def full_scale(self) -> int:
        """The entry that means white.

        Tables that announce 16 bits often hold 12, so their brightest entry decides.
        """
        brightest = int(self.entries.max())
        if 8 <= self.bits < 16 and brightest < 2**self.bits:
            return 2**self.bits - 1
        return rescale.full_scale_value(brightest)

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Maps values through the table.

        Args:
            values: array of any shape and number type.

        Returns:
            int64 array of the same shape; values outside the table take its first or last entry.

        Raises:
            ImageReadError: the image uses values beyond the announced end of a table with surplus entries.
        """
        first = self._first_for(values)
        if self.has_surplus and values.max() - first >= self.entries.size:
            raise _contradiction()
        index = np.clip(np.rint(values) - np.float64(first), 0, self.entries.size - 1).astype(np.int64)
        return self.entries[index]

    def _first_for(self, values: np.ndarray) -> int:
        """The first input value; its sign follows the values, because the file may write it unsigned."""
        if 0 <= self.first <= 32767:
            return self.first
        other = self.first - 65536 if self.first > 0 else self.first + 65536
        covered = [
            np.count_nonzero((values >= first) & (values < first + self.entries.size))
            for first in (self.first, other)
        ]
        return other if covered[1] > covered[0] else self.first


def read_table(item: Dataset) -> LookupTable | None:
    """Reads a lookup table.

    Args:
        item: an item of a Modality or VOI LUT Sequence.

    Returns:
        The table; None where the item lacks its descriptor or its data.

    Raises:
        ImageReadError: descriptor and data contradict each other, so the entries are uncertain.
    """
    descriptor, data = read_numbers(item, "LUTDescriptor"), _packed(item)
    if len(descriptor) != 3 or not data:
        return None
    count = int(descriptor[0]) % 65536 or 65536  # C.11.1.1: 0 stands for 65,536
    first, bits = int(descriptor[1]), int(descriptor[2])
    bits = bits if 8 <= bits <= 16 else 0
    words = np.frombuffer(data[: len(data) // 2 * 2], "<u2")
    if bits > 8:
        entries = words
    else:
        # The byte that fills an odd number up to whole words is no entry.
        bytes_fit = _fits(len(data) - (count % 2 == 1 and len(data) == count + 1), count)
        entries = words if _fits(words.size, count) and not bytes_fit else np.frombuffer(data, np.uint8)
        if not _fits(entries.size, count) and not bytes_fit:
            raise _contradiction()
    if count - entries.size > _tolerance(count):
        raise _contradiction()
    surplus = entries.size - count > _tolerance(count)
    return LookupTable(entries[:count].astype(np.int64), first, bits, surplus)


def _packed(item: Dataset) -> bytes:
    """LUT Data as little endian bytes, whether it is stored as OW, OB or US."""
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
        "The lookup table of the DICOM file contradicts its own description, so the grey levels are uncertain: "
        "export the image from the archive again."
    )
