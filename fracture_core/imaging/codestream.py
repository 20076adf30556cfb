"""Headers of compressed images: JPEG, JPEG-LS, JPEG 2000, JPEG XL and RLE.

A decoder allocates memory for the image size in the codestream, not for the size stated in the surrounding file. The
header is therefore read and compared with the file before decoding.
"""

from dataclasses import dataclass
from enum import StrEnum

from fracture_core.errors import ImageReadError

_JPEG = b"\xff\xd8"
_JPEG_2000 = b"\xff\x4f\xff\x51"
_JP2 = (b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\r\n\x87\n")
_JPEG_XL = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n")

# Frame headers: SOF0–SOF15 without DHT, JPG and DAC (ITU-T T.81, table B.1), and JPEG-LS's SOF55.
_FRAMES = (set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}) | {0xF7}
_SOF0, _SOF1, _SOF2, _SOF3, _SOF55 = 0xC0, 0xC1, 0xC2, 0xC3, 0xF7
_START_OF_IMAGE, _END_OF_IMAGE, _SCAN, _APP0, _APP14 = 0xD8, 0xD9, 0xDA, 0xE0, 0xEE

# Markers without a length: TEM, RST0–RST7, SOI.
_BARE = {0x01, _START_OF_IMAGE, *range(0xD0, 0xD8)}

#: Largest accepted number of scans in a JPEG. The default progressive script of libjpeg has 10, other encoders stay
#: below 20. Each scan needs a pass over the whole image.
MAX_SCANS = 40

_MAX_SEGMENTS = 10_000


class Codec(StrEnum):
    """Compression of a codestream."""

    JPEG = "JPEG"
    JPEG_LOSSLESS = "JPEG Lossless"
    JPEG_LS = "JPEG-LS"
    JPEG_2000 = "JPEG 2000"
    JPEG_XL = "JPEG XL"
    ARITHMETIC = "arithmetic JPEG"


@dataclass(frozen=True)
class Codestream:
    """Header of a codestream.

    Attributes:
        codec: the compression.
        rows: image height in pixels; 0 for JPEG XL, which is not decoded.
        columns: image width in pixels; 0 for JPEG XL.
        samples: samples per pixel.
        bits: bits per sample.
        progressive: whether each scan refines the whole image (JPEG).
        marked: whether an APP0 or APP14 segment states the colour space (JPEG).
    """

    codec: Codec
    rows: int
    columns: int
    samples: int
    bits: int
    progressive: bool = False
    marked: bool = False


def read_header(stream: bytes) -> Codestream | None:
    """Read the header of a codestream.

    Args:
        stream: the codestream of one frame, without the boxes of a JP2 file (see `unwrap_jp2`).

    Returns:
        The header; None if the stream has another format.

    Raises:
        ValueError: the stream has the signature of one of these formats, but no valid header.
    """
    if stream.startswith(_JPEG_XL):
        return Codestream(Codec.JPEG_XL, 0, 0, 0, 0)
    if stream.startswith(_JPEG_2000):
        return _read_siz(stream)
    return _read_jpeg(stream) if stream.startswith(_JPEG) else None


def read_announced_size(stream: bytes) -> tuple[int, int] | None:
    """Read the image size from a JPEG, JPEG-LS or JPEG 2000 codestream.

    Args:
        stream: the codestream of one frame.

    Returns:
        (rows, columns); None if the stream has another format.

    Raises:
        ValueError: the stream has the signature of one of these formats, but no valid header.
    """
    header = read_header(stream)
    return None if header is None else (header.rows, header.columns)


def unwrap_jp2(stream: bytes) -> bytes:
    """Extract the codestream from a JP2 container (ITU-T T.800, annex I).

    Args:
        stream: a JP2 file or a codestream.

    Returns:
        The codestream. Data without a container is returned unchanged.

    Raises:
        ValueError: the container has no codestream.
    """
    if not stream.startswith(_JP2):
        return stream
    # Boxes: length (4), type (4), for length 1 an extended length (8), content. Length 0 extends to the end.
    position = 0 if stream.startswith(_JP2[0]) else stream.find(b"ftyp") - 4
    for _ in range(100):
        box_type = stream[position + 4 : position + 8]
        length, header = int.from_bytes(stream[position : position + 4], "big"), 8
        if length == 1:
            length, header = int.from_bytes(stream[position + 8 : position + 16], "big"), 16
        if box_type == b"jp2c":
            end = position + length if length else len(stream)
            return stream[position + header : end]
        if position < 0 or length < header or position + length > len(stream):
            break
        position += length
    raise ValueError("a JP2 container without a codestream")


def _read_siz(stream: bytes) -> Codestream:
    """Read the SIZ segment, which is the first one (ITU-T T.800, section A.5.1)."""
    if len(stream) < 43:
        raise ValueError("a JPEG 2000 codestream without a header")
    right, bottom, left, top = (int.from_bytes(stream[i : i + 4], "big") for i in (8, 12, 16, 20))
    tile_width, tile_height = (int.from_bytes(stream[i : i + 4], "big") for i in (24, 28))
    samples, bits = int.from_bytes(stream[40:42], "big"), (stream[42] & 0x7F) + 1
    if not (bottom > top and right > left and tile_width and tile_height):
        raise ValueError("a JPEG 2000 codestream without pixels")
    return Codestream(Codec.JPEG_2000, bottom - top, right - left, samples, bits)


def _read_jpeg(stream: bytes) -> Codestream:
    position, marked = 2, False
    while position + 9 <= len(stream) and stream[position] == 0xFF:
        marker, length = stream[position + 1], int.from_bytes(stream[position + 2 : position + 4], "big")
        if marker == 0xFF:  # fill byte
            position += 1
        elif marker in _FRAMES:
            rows, columns = (int.from_bytes(stream[i : i + 2], "big") for i in (position + 5, position + 7))
            codec = {_SOF3: Codec.JPEG_LOSSLESS, _SOF55: Codec.JPEG_LS}.get(marker, Codec.JPEG)
            if codec is Codec.JPEG and marker not in (_SOF0, _SOF1, _SOF2):
                codec = Codec.ARITHMETIC
            samples = stream[position + 9] if position + 9 < len(stream) else 0
            return Codestream(codec, rows, columns, samples, stream[position + 4], marker == _SOF2, marked)
        elif marker == _SCAN:
            break
        else:
            marked |= marker in (_APP0, _APP14)
            position += 2 + length
    raise ValueError("a JPEG codestream without a frame header")


@dataclass(frozen=True)
class JpegScans:
    """Scans of a JPEG file.

    Attributes:
        count: number of scans, including an incomplete one.
        ended: whether the end-of-image marker follows them.
        full: whether the complete scans contain every bit of every coefficient of every component; always True
            for a file that is not progressive.
        usable: bytes of the file before a truncated segment, such as the header of a scan.
    """

    count: int
    ended: bool
    full: bool
    usable: int

    @property
    def is_complete(self) -> bool:
        """Whether no scan is missing or truncated."""
        return self.ended and self.full


def count_scans(stream: bytes) -> JpegScans:
    """Count the scans of a JPEG without decoding it.

    Counting stops above `MAX_SCANS`.

    Args:
        stream: a JPEG file. Data after its end-of-image marker, such as a preview, is ignored.

    Raises:
        ValueError: the file has far more segments than a JPEG image.
    """
    segments, usable = 0, len(stream)
    position, count, components, progressive = 2, 0, 0, False
    needed: dict[tuple[int, int], int] = {}  # (component, coefficient) → lowest bit that is complete
    pending: list[tuple[int, int, int]] = []
    while 0 <= position < len(stream) - 1 and count <= MAX_SCANS:
        if stream[position] != 0xFF:
            position = _next_marker(stream, position)
            continue
        marker = stream[position + 1]
        if marker in (0x00, 0xFF) or marker in _BARE:
            position += 1 if marker == 0xFF else 2
            continue
        segments += 1
        if segments > _MAX_SEGMENTS:
            raise ValueError("far more segments than a JPEG image has")
        for component, coefficient, bit in pending:
            needed[component, coefficient] = bit
        pending = []
        if marker == _END_OF_IMAGE:
            full = not progressive or _is_full(needed, components)
            return JpegScans(count, True, full, len(stream))
        length = int.from_bytes(stream[position + 2 : position + 4], "big")
        if position + 2 + length > len(stream):
            usable = position
            break
        body = stream[position + 4 : position + 2 + length]
        if marker in _FRAMES and len(body) > 5:
            progressive, components = marker == _SOF2, body[5]
        if marker == _SCAN:
            count += 1
            pending = _scan_content(body) if progressive else []
            position = _next_marker(stream, position + 2 + max(2, length))
        else:
            position += 2 + max(2, length)
    return JpegScans(count, False, not progressive or _is_full(needed, components), usable)


def check_scans(stream: bytes, pixels: int, samples: int) -> None:
    """Reject a JPEG whose scans would take too much time or memory to decode.

    Args:
        stream: the JPEG file.
        pixels: rows × columns.
        samples: samples per pixel.

    Raises:
        ImageReadError: the file has more than `MAX_SCANS` scans, or too many for an image of this size.
    """
    scans = count_scans(stream).count
    # A pass over one megapixel takes at least 5 ms. Three scans are accepted for the largest image.
    if scans > MAX_SCANS or (scans > 3 and scans * pixels * samples > 1.5e9):
        count = f"more than {MAX_SCANS}" if scans > MAX_SCANS else str(scans)
        raise ImageReadError(
            f"The JPEG image has {count} scans, which take too long to decode. Export it as an ordinary JPEG or as PNG."
        )


def _next_marker(stream: bytes, position: int) -> int:
    """Position of the next marker that is neither a stuffed byte nor a restart; -1 if there is none."""
    while (position := stream.find(b"\xff", position)) >= 0:
        marker = stream[position + 1] if position + 1 < len(stream) else 0
        if marker not in (0x00, 0xFF) and marker not in _BARE:
            return position
        position += 1
    return -1


def _scan_content(body: bytes) -> list[tuple[int, int, int]]:
    """The coefficients in a progressive scan and their lowest bit: (component, coefficient, bit)."""
    if not body or len(body) < 4 + 2 * body[0]:
        return []
    components = [body[1 + 2 * i] for i in range(min(body[0], 4))]
    first, last, bits = body[1 + 2 * body[0]], body[2 + 2 * body[0]], body[3 + 2 * body[0]] & 0x0F
    return [(c, k, bits) for c in components for k in range(first, min(last, 63) + 1)]


def _is_full(needed: dict[tuple[int, int], int], components: int) -> bool:
    complete = sum(bit == 0 for bit in needed.values())
    return components > 0 and complete >= 64 * components


def rle_segments_fit(frame: bytes, pixels: int, segments: int) -> bool:
    """Whether the header of an RLE frame (PS3.5 section G.5) matches the image.

    Args:
        frame: the frame, including its header of 64 bytes.
        pixels: rows × columns.
        segments: samples per pixel × bytes per sample.

    Returns:
        Whether the number and order of the segments are correct and each is long enough for its pixels. Two bytes
        expand to at most 128.
    """
    if len(frame) < 64 or int.from_bytes(frame[:4], "little") != segments or not 1 <= segments <= 15:
        return False
    starts = [int.from_bytes(frame[4 * i : 4 * i + 4], "little") for i in range(1, segments + 1)]
    ends = [*starts[1:], len(frame)]
    return starts[0] >= 64 and all(
        end > start and (end - start) * 64 >= pixels for start, end in zip(starts, ends, strict=True)
    )
