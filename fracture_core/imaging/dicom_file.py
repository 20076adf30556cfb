"""Parsing of DICOM files with limits on time and memory, and with recovery of damaged sequences."""

import io
import zlib

from pydicom import dcmread
from pydicom.dataset import FileDataset

from fracture_core.errors import ImageReadError
from fracture_core.imaging import formats
from fracture_core.imaging.dicom_elements import ELEMENT_ERRORS, read_number
from fracture_core.imaging.dicom_recovery import rebuild

_DEFLATED = b"1.2.840.10008.1.2.1.99"
_EXPLICIT = b"1.2.840.10008.1.2.1\0\0\0"  # padded to the same length

#: Largest dataset that is inflated, in bytes: a 16-bit image of 60 megapixels.
MAX_INFLATED = 128 << 20
_CHUNK = 1 << 20

# Largest number of reads while a file is parsed. An element takes two or three; radiographs have a few hundred.
_MAX_READS = 150_000

RECOVERED = (
    "The DICOM file has a damaged sequence. The image after it was recovered: compare it with the original."
)


class _DeflatedError(Exception):
    """pydicom is about to inflate the rest of the file.

    Args:
        position: offset of the deflated dataset.
    """

    def __init__(self, position: int):
        super().__init__(position)
        self.position = position


class _BoundedFile(io.BytesIO):
    """A file in memory that can be read a limited number of times.

    pydicom reads two to three times for each element, item and fragment, so a few bytes of input can cause seconds
    of work.
    """

    def __init__(self, content: bytes):
        super().__init__(content)
        self._reads = _MAX_READS
        self._bytes = 4 * len(content) + (64 << 20)

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:  # pydicom reads the rest of a file only to inflate it
            raise _DeflatedError(self.tell())
        self._reads -= 1
        content = super().read(size)
        self._bytes -= len(content)
        if self._reads < 0 or self._bytes < 0:
            raise ImageReadError(
                "The DICOM file has far more elements than a radiograph. Export the image from the archive again."
            )
        return content


def parse(data: bytes) -> tuple[FileDataset, tuple[str, ...]]:
    """Parse a DICOM file without converting its elements.

    Args:
        data: the file, with or without preamble.

    Returns:
        The dataset, and warnings about its recovery.

    Raises:
        ImageReadError: the file is damaged, is not DICOM, or has too many elements.
    """
    content = data
    dataset: FileDataset | None = None
    cause: BaseException | None = None
    try:
        content, dataset = _parse_inflated(data)
    except ELEMENT_ERRORS as error:
        cause = error
    if dataset is not None and _is_complete(dataset):
        return dataset, ()
    rebuilt = rebuild(content)
    if rebuilt is not None:
        try:
            _, recovered = _parse_inflated(rebuilt)
        except ELEMENT_ERRORS:
            recovered = None
        if recovered is not None and _is_complete(recovered):
            return recovered, (RECOVERED,)
    if dataset is None:
        raise _damaged() from cause
    if not ("SOPClassUID" in dataset or "PixelData" in dataset or "Modality" in dataset):
        if formats.is_dicom(data):
            raise _damaged()
        raise ImageReadError(
            f"This is {formats.describe_content(data)}; {formats.EXPECTED_FORMATS}: export the image and upload that."
        )
    return dataset, ()


def _damaged() -> ImageReadError:
    """Error for a file that cannot be parsed."""
    return ImageReadError("The DICOM file is damaged or incomplete. Export it from the archive again.")


def _is_complete(dataset: FileDataset) -> bool:
    """Whether the dataset has pixel data that can be accessed, of the stated size if it is not encapsulated."""
    try:
        return _has_all_pixels(dataset)
    except ELEMENT_ERRORS:  # such as an unknown value representation
        return False


def _has_all_pixels(dataset: FileDataset) -> bool:
    if "PixelData" not in dataset or "Rows" not in dataset:
        return False
    raw = dataset.get_item("PixelData")
    if getattr(raw, "length", 0) == 0xFFFFFFFF or not isinstance(raw.value, bytes):
        return True
    pixels = (read_number(dataset, "Rows") or 0) * (read_number(dataset, "Columns") or 0)
    bits = (read_number(dataset, "BitsAllocated") or 0) * (read_number(dataset, "SamplesPerPixel") or 1)
    compressed = raw.value.startswith((b"\xfe\xff\x00\xe0", b"\xff\xd8", b"\xff\x4f"))
    return compressed or len(raw.value) >= pixels * bits // 8


def _parse_inflated(data: bytes) -> tuple[bytes, FileDataset]:
    """The file, inflated if necessary, and its dataset."""
    try:
        return data, dcmread(_BoundedFile(data), force=True)
    except _DeflatedError as deflated:
        content = _inflate(data, deflated.position)
    try:
        return content, dcmread(_BoundedFile(content), force=True)
    except _DeflatedError as error:
        raise ValueError("a deflated dataset whose transfer syntax cannot be replaced") from error


def _inflate(data: bytes, position: int) -> bytes:
    """The file with its dataset inflated (PS3.5 section A.5) and its transfer syntax changed accordingly.

    Raises:
        ImageReadError: the dataset would become larger than `MAX_INFLATED`.
        zlib.error: the deflated data is damaged.
    """
    output = io.BytesIO()
    output.write(data[:position].replace(_DEFLATED, _EXPLICIT))
    packed = memoryview(data)[position:]
    if not _begins_deflated(packed):  # the header is wrong: the dataset is not deflated
        output.write(packed)
        return output.getvalue()
    inflater = zlib.decompressobj(_window_bits(packed))
    start = 0
    while not inflater.eof and (start < len(packed) or inflater.unconsumed_tail):
        source = inflater.unconsumed_tail
        if not source:
            source = bytes(packed[start : start + _CHUNK])
            start += _CHUNK
        output.write(inflater.decompress(source, _CHUNK))
        if output.tell() > MAX_INFLATED:
            raise ImageReadError(
                f"The DICOM file unpacks to more than {MAX_INFLATED >> 20} MB, far more than one radiograph. Export "
                "the image again, uncompressed."
            )
    return output.getvalue()


def _window_bits(packed: memoryview) -> int:
    """The zlib parameter for a raw deflate stream, or for one with a zlib header as some programs write it."""
    header = bytes(packed[:2])
    with_header = len(header) == 2 and header[0] == 0x78 and int.from_bytes(header, "big") % 31 == 0
    return zlib.MAX_WBITS if with_header else -zlib.MAX_WBITS


def _begins_deflated(packed: memoryview) -> bool:
    try:
        start = zlib.decompressobj(_window_bits(packed)).decompress(bytes(packed[:_CHUNK]), 64)
    except zlib.error:
        return False
    return len(start) >= 8
