"""Recovery of DICOM files whose sequences have wrong lengths or missing delimiters.

A parser that relies on such a sequence loses the elements after it, including the image. This module collects the
top-level elements with rules of PS3.5 section 7 that still hold: tags ascend, and explicit value representations are
from a fixed set.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, STANDARD_VR

_PIXEL_DATA = 0x7FE00010
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF
_END_OF_SEQUENCE = b"\xfe\xff\xdd\xe0\0\0\0\0"

_KNOWN_VRS = {str(vr).encode() for vr in STANDARD_VR}
_LONG_VRS = {str(vr).encode() for vr in EXPLICIT_VR_LENGTH_32}

_MAX_ELEMENTS, _MAX_DEPTH, _MAX_CANDIDATES = 20_000, 30, 1000

# Bytes after a sequence of wrong length that are searched for the next element, and number of consecutive elements
# that confirm it.
_MAX_SEARCH, _CHAIN = 1 << 18, 4

_ROWS, _COLUMNS, _BITS, _SAMPLES = 0x00280010, 0x00280011, 0x00280100, 0x00280002


class _End(Enum):
    """End of an item: its delimiter, another element without the delimiter, or no end."""

    DELIMITER = auto()
    IMPLIED = auto()
    NONE = auto()


@dataclass(frozen=True)
class _Header:
    tag: int
    vr: bytes  # empty for an implicit one
    length: int
    value: int  # offset of the value


@dataclass
class _TopLevel:
    """Top-level elements: bytes to copy, and the numbers that describe the image."""

    parts: list[tuple[int, bytes]] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)


def rebuild(data: bytes) -> bytes | None:
    """Rebuild a DICOM file from its top-level elements.

    Args:
        data: a file in little endian byte order, not deflated, that cannot be parsed completely.

    Returns:
        A file without the damaged sequences; None if no pixel data was found.
    """
    start = _skip_file_meta(data)
    if start is None:
        return None
    walker = _Walker(data, explicit=data[start + 4 : start + 6] in _KNOWN_VRS)
    top_level = walker.collect(start)
    if top_level is None:
        return None
    return data[:start] + b"".join(part for _, part in sorted(top_level.parts, key=lambda part: part[0]))


def _skip_file_meta(data: bytes) -> int | None:
    """Offset of the dataset, after the elements of group 0002."""
    position = 132 if data[128:132] == b"DICM" else 0
    walker = _Walker(data, explicit=True)
    for _ in range(100):
        if data[position : position + 2] != b"\x02\x00":
            return position if position < len(data) else None
        header = walker.header(position)
        if header is None or header.length == _UNDEFINED:
            return None
        position = header.value + header.length
    return None


class _Walker:
    """Iteration over elements in little endian byte order.

    Args:
        data: the file.
        explicit: whether elements state their value representation.
    """

    def __init__(self, data: bytes, explicit: bool):
        self._data = data
        self._explicit = explicit
        self._left = _MAX_ELEMENTS

    def header(self, position: int) -> _Header | None:
        """The header of the element at a position; None if no element can begin there."""
        data = self._data
        if position + 8 > len(data):
            return None
        tag = self._tag(position)
        if tag >> 16 == 0xFFFE:
            return _Header(tag, b"", self._number(position + 4, 4), position + 8)
        vr, value = b"", position + 8
        if self._explicit:
            vr = data[position + 4 : position + 6]
            if vr not in _KNOWN_VRS:
                return None
            if vr in _LONG_VRS:
                length, value = self._number(position + 8, 4), position + 12
            else:
                length = self._number(position + 6, 2)
        else:
            length = self._number(position + 4, 4)
        fits = length == _UNDEFINED or value + length <= len(data)
        return _Header(tag, vr, length, value) if fits else None

    def collect(self, start: int) -> _TopLevel | None:
        """The top-level elements including Pixel Data; None if there is none."""
        top_level = _TopLevel()
        position, last, sequence, sequence_tag = start, 0, start, 0
        while self._step():
            header = self.header(position)
            if header is not None and header.tag in (_ITEM_END, _SEQUENCE_END):  # surplus delimiter
                position = header.value
                continue
            if header is None or header.tag <= last or header.tag > _PIXEL_DATA:
                # Not an element: the last sequence has a wrong length.
                resumed = self._resume(sequence, sequence_tag) if sequence_tag else None
                if resumed is None:
                    return top_level if self._add_pixels(top_level, sequence) else None
                position, last, sequence_tag = resumed, sequence_tag, 0
                continue
            last = header.tag
            if header.tag == _PIXEL_DATA:
                return top_level if self._add_pixels(top_level, position) else None
            if header.length == _UNDEFINED:
                sequence, sequence_tag = header.value, header.tag
                end, missing, inner = self._skip_sequence(header.value, header.tag, 0)
                if inner:  # the last item has no end, so the following elements were parsed as its content
                    self._add_inner(top_level, inner)
                    return top_level if self._add_pixels(top_level, sequence) else None
                if missing is not None:
                    top_level.parts.append((header.tag, self._data[position:end] + missing))
                position = end
                continue
            end = header.value + header.length
            if header.vr == b"SQ" or (not self._explicit and self._tag(header.value) == _ITEM):
                sequence, sequence_tag = header.value, header.tag
                if not self._begins_elements(end, header.tag):
                    position = len(self._data)  # the next step then searches for the next element
                    continue
            self._add(top_level, header, position)
            position = end
        return None

    def _resume(self, start: int, tag: int) -> int | None:
        """Offset of the next top-level element after a sequence of wrong length; None if it is not found.

        Tags up to that of the sequence are skipped, because they may belong to its last item.
        """
        for position in range(start, min(start + _MAX_SEARCH, len(self._data) - 8), 2):
            header = self.header(position)
            if header is None or not tag < header.tag < _PIXEL_DATA:
                continue
            if self._begins_elements(position, tag):
                return position
        return None

    def _begins_elements(self, position: int, last: int) -> bool:
        """Whether several elements with ascending tags, or Pixel Data, begin at a position."""
        for _ in range(_CHAIN):
            header = self.header(position)
            if header is None or not last < header.tag <= _PIXEL_DATA:
                return False
            if header.length == _UNDEFINED or header.tag == _PIXEL_DATA:
                return True
            position, last = header.value + header.length, header.tag
        return True

    def _step(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def _skip_sequence(
        self, position: int, tag: int, depth: int
    ) -> tuple[int, bytes | None, list[tuple[_Header, int]]]:
        """Find the end of a sequence of undefined length.

        Returns:
            The offset after it; the bytes missing at its end, None if it is damaged inside; and, if an item has no
            end, the elements with higher tags in it.
        """
        missing: bytes | None = b""
        while depth < _MAX_DEPTH and self._step():
            header = self.header(position)
            if header is not None and header.tag == _SEQUENCE_END:
                return header.value, missing, []
            if header is None or header.tag != _ITEM:
                return position, None if missing is None else _END_OF_SEQUENCE, []
            if header.length != _UNDEFINED:
                position = header.value + header.length
                continue
            position, end, elements = self._skip_item(header.value, depth)
            if end is _End.NONE:
                return position, None, [(inner, at) for inner, at in elements if inner.tag > tag]
            if end is _End.IMPLIED:
                missing = None
        return position, None, []

    def _skip_item(self, position: int, depth: int) -> tuple[int, _End, list[tuple[_Header, int]]]:
        """Offset after an item of undefined length, how it ends, and its elements with their offsets."""
        elements: list[tuple[_Header, int]] = []
        last = 0
        while self._step() and (header := self.header(position)) is not None:
            if header.tag == _ITEM_END:
                return header.value, _End.DELIMITER, elements
            if header.tag == _SEQUENCE_END or header.tag <= last:
                return position, _End.IMPLIED, elements
            last = header.tag
            elements.append((header, position))
            if header.length != _UNDEFINED:
                position = header.value + header.length
            elif header.tag == _PIXEL_DATA:
                position = self._end_of_fragments(header.value) + len(_END_OF_SEQUENCE)
            else:
                position, _, inner = self._skip_sequence(header.value, header.tag, depth + 1)
                elements += inner
        return position, _End.NONE, elements

    def _add(self, top_level: _TopLevel, header: _Header, position: int) -> None:
        end = header.value + header.length
        top_level.parts.append((header.tag, self._data[position:end]))
        if header.length in (2, 4):
            top_level.numbers[header.tag] = self._number(header.value, 2)

    def _add_inner(self, top_level: _TopLevel, elements: list[tuple[_Header, int]]) -> None:
        for header, position in elements:
            if header.length != _UNDEFINED and header.tag < _PIXEL_DATA:
                self._add(top_level, header, position)

    def _add_pixels(self, top_level: _TopLevel, start: int) -> bool:
        """Find Pixel Data at or after a position: encapsulated, or as long as the image needs."""
        numbers = top_level.numbers
        if not (numbers.get(_ROWS) and numbers.get(_COLUMNS)):
            return False
        bits = numbers.get(_BITS, 8) * numbers.get(_SAMPLES, 1)
        needed = (numbers[_ROWS] * numbers[_COLUMNS] * bits + 7) // 8
        pattern = _PIXEL_DATA.to_bytes(4, "big")
        pattern = pattern[1::-1] + pattern[:1:-1]  # group and element, each little endian
        position, part = start - 1, b""
        for _ in range(_MAX_CANDIDATES):
            position = self._data.find(pattern, position + 1)
            if position < 0:
                break
            header = self.header(position)
            if header is None:
                continue
            if header.length == _UNDEFINED and self._tag(header.value) == _ITEM:
                # The pixel data of an icon comes before that of the image.
                part = self._data[position : self._end_of_fragments(header.value)] + _END_OF_SEQUENCE
            if needed <= header.length <= needed + 2:
                self._add(top_level, header, position)
                return True
        if part:
            top_level.parts.append((_PIXEL_DATA, part))
        return bool(part)

    def _end_of_fragments(self, position: int) -> int:
        """Offset after the fragments of encapsulated pixel data (PS3.5 section A.4)."""
        while self._tag(position) == _ITEM:
            end = position + 8 + self._number(position + 4, 4)
            if end > len(self._data):
                break
            position = end
        return position

    def _tag(self, position: int) -> int:
        return self._number(position, 2) << 16 | self._number(position + 2, 2)

    def _number(self, position: int, size: int) -> int:
        return int.from_bytes(self._data[position : position + size], "little")
