"""Check of the directories of a TIFF file before Pillow reads them.

Pillow copies the content of every tag of every page. Tags may overlap, so a small file can require gigabytes.
"""

import struct
from dataclasses import dataclass

# Bytes of a value by field type (TIFF 6.0 section 2, and BigTIFF).
_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}

#: Largest number of pages, and of tags per page, that are read.
MAX_PAGES, _MAX_TAGS = 100, 1000

_BITS, _COMPRESSION, _FORMAT, _SAMPLES, _PLANAR = 258, 259, 339, 277, 284

# Sample Format (TIFF 6.0, tag 339).
_FORMATS = {1: "integer", 2: "signed integer", 3: "float", 5: "complex integer", 6: "complex float"}

# Compression schemes that are not supported (TIFF 6.0 tag 259, and the list of libtiff).
_COMPRESSIONS = {
    34712: "JPEG 2000",
    34887: "LERC",
    50002: "JPEG XL",
    52546: "JPEG XL",
    34661: "JBIG",
    34676: "SGILog",
    34677: "SGILog",
}


@dataclass(frozen=True)
class TiffDirectories:
    """Content of the directories of a TIFF file.

    Attributes:
        pages: number of pages; counting stops above `MAX_PAGES`.
        tag_bytes: bytes of all tags, counted once per reference.
        too_many_tags: whether a page has implausibly many tags.
        first: values of the first page by tag: bits, formats and number of the samples, compression, layout.
    """

    pages: int
    tag_bytes: int
    too_many_tags: bool
    first: dict[int, tuple[int, ...]]

    @property
    def is_bomb(self) -> bool:
        """Whether reading the tags would need too much memory."""
        return self.too_many_tags or self.tag_bytes > 64 << 20

    @property
    def is_grey_alpha_16(self) -> bool:
        """Whether the first page has two 16-bit integer samples."""
        return self.first.get(_BITS) == (16, 16) and set(self.first.get(_FORMAT, (1,))) == {1}

    @property
    def is_planar_16(self) -> bool:
        """Whether the first page has 16-bit colour in separate planes, which Pillow reads incorrectly."""
        bits = self.first.get(_BITS, ())
        return self.first.get(_PLANAR, (1,)) == (2,) and len(bits) > 1 and max(bits) > 8

    def describe_pixels(self) -> str:
        """Describe the pixel format: "64-bit float pixels"; empty if it is unknown."""
        compression = self.first.get(_COMPRESSION, (1,))[:1]
        if compression and compression[0] in _COMPRESSIONS:
            return f"pixels compressed as {_COMPRESSIONS[compression[0]]}"
        bits, formats = self.first.get(_BITS, ()), self.first.get(_FORMAT, (1,))
        if not bits:
            return ""
        sample_format = _FORMATS.get(formats[0] if formats else 1, "")
        samples = self.first.get(_SAMPLES, (len(bits),))
        count = f", {samples[0]} samples each" if samples and samples[0] > 1 else ""
        return f"{bits[0]}-bit {sample_format} pixels{count}".replace("  ", " ")


def read_directories(data: bytes) -> TiffDirectories | None:
    """Read the directories of a TIFF file, or of an Exif block without its "Exif" prefix.

    Args:
        data: the file.

    Returns:
        Their content; None if the first directory is damaged.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2], "")
    if not order or len(data) < 8:
        return None
    big = data[2:4] in (b"+\0", b"\0+")
    try:
        (offset,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, 8 if big else 4)
        return _walk(data, order, big, offset)
    except struct.error:
        return None


def _walk(data: bytes, order: str, big: bool, offset: int) -> TiffDirectories:
    first: dict[int, tuple[int, ...]] = {}
    pages = total = 0
    too_many = False
    # BigTIFF: 8-byte counts and offsets, entries of 20 bytes instead of 12.
    count_format, entry_size, inline = ("Q", 20, 8) if big else ("H", 12, 4)
    pointer = f"{order}{'Q' if big else 'I'}"
    while offset and pages <= MAX_PAGES and not too_many:
        try:
            (tags,) = struct.unpack_from(order + count_format, data, offset)
            pages += 1
            too_many = tags > _MAX_TAGS
            start = offset + struct.calcsize(order + count_format)
            for entry in range(start, start + min(tags, _MAX_TAGS) * entry_size, entry_size):
                tag, field_type = struct.unpack_from(f"{order}HH", data, entry)
                (count,) = struct.unpack_from(pointer, data, entry + 4)
                size = count * _SIZES.get(field_type, 0)
                total += min(size, len(data))
                if (
                    pages == 1
                    and tag in (_BITS, _COMPRESSION, _FORMAT, _SAMPLES, _PLANAR)
                    and field_type == 3
                ):
                    value = entry + 4 + inline
                    if size > inline:
                        (value,) = struct.unpack_from(pointer, data, value)
                    first[tag] = struct.unpack_from(f"{order}{min(count, 8)}H", data, value)
            (offset,) = struct.unpack_from(pointer, data, start + tags * entry_size)
        except struct.error:
            if not pages:
                raise
            break
    return TiffDirectories(pages, total, too_many, first)
