"""Segmented palette colour lookup tables (PS3.3 section C.7.9.2), expanded within limits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fracture_core.imaging.dicom_elements import read_element, read_numbers

_COLOURS = ("Red", "Green", "Blue")
_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2


def expand_segmented_palette(dataset: Dataset) -> Dataset:
    """Expand segmented palettes for `pydicom.pixels.apply_color_lut`.

    pydicom expands segments recursively and without a limit, so a few bytes can take minutes.

    Args:
        dataset: has plain or segmented palettes.

    Returns:
        The same dataset if its palettes are plain, otherwise a dataset with the expanded palettes.

    Raises:
        ValueError: a palette is malformed or missing.
    """
    if "RedPaletteColorLookupTableData" in dataset:
        return dataset
    plain = Dataset()
    for colour in _COLOURS:
        keyword = f"{colour}PaletteColorLookupTable"
        descriptor = read_numbers(dataset, f"{keyword}Descriptor")
        data = read_element(dataset, f"Segmented{keyword}Data")
        if len(descriptor) != 3 or not isinstance(data, bytes) or descriptor[2] not in (8, 16):
            raise ValueError("a segmented palette without its descriptor or data")
        entries = int(descriptor[0]) % 65536 or 65536  # 0 means 65,536
        dtype = np.dtype("u1" if descriptor[2] == 8 else "<u2" if _is_little(dataset) else ">u2")
        values = np.frombuffer(data[: len(data) // dtype.itemsize * dtype.itemsize], dtype)
        table = expand_segments(values, entries)
        setattr(plain, f"{keyword}Descriptor", [int(v) for v in descriptor])
        setattr(plain, f"{keyword}Data", table.astype("u1" if descriptor[2] == 8 else "<u2").tobytes())
    return plain


def expand_segments(values: NDArray[np.unsignedinteger[Any]], entries: int) -> NDArray[np.int64]:
    """Expand the segments of one palette.

    Args:
        values: opcode, length and content of each segment, uint8 or uint16.
        entries: length of the table as stated in the descriptor, at most 65,536.

    Returns:
        Table of exactly `entries` values, int64.

    Raises:
        ValueError: a segment is malformed, or the table has another length than stated.
    """
    data, table, filled = values.astype(np.int64), np.empty(entries, np.int64), 0
    # An indirect segment repeats `left` earlier segments; reading then continues at `back`.
    position, back, left = 0, 0, 0
    # Every segment fills at least one entry, or is an indirect segment, which precedes those that it repeats.
    for _ in range(2 * entries + 2):
        if not left and back:
            position, back = back, 0
        if position + 1 >= len(data) and not back:  # one value may be padding
            break
        opcode, length = (int(v) for v in _take(data, position, 2))
        position += 2
        if opcode == _INDIRECT and not back and filled:
            count = 4 if values.itemsize == 1 else 2
            offset = _take(data, position, count)
            back, left = position + count, length
            position = sum(int(v) << (8 * values.itemsize * i) for i, v in enumerate(offset))
            continue
        if not 0 < length <= entries - filled:
            raise ValueError("a segmented palette that is longer than stated in its descriptor")
        if opcode == _DISCRETE:
            content = _take(data, position, length)
            position += length
        elif opcode == _LINEAR and filled:
            last = int(_take(data, position, 1)[0])
            content = np.rint(np.linspace(table[filled - 1], last, length + 1)[1:])
            position += 1
        else:
            raise ValueError("a segment of unknown type")
        table[filled : filled + length] = content
        filled += length
        left = max(0, left - 1)
    if filled != entries:
        raise ValueError(f"a segmented palette of {filled} entries instead of {entries}")
    return table


def _take(data: NDArray[np.int64], position: int, count: int) -> NDArray[np.int64]:
    part = data[position : position + count]
    if len(part) != count:
        raise ValueError("a segmented palette that ends inside a segment")
    return part


def _is_little(dataset: Dataset) -> bool:
    return dataset.original_encoding[1] is not False
