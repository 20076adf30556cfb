"""The size a compressed image announces in its own header.

Decoders allocate what the code stream announces, whatever the file around it says, so a few bytes
could ask for gigabytes.
"""

_JPEG = b"\xff\xd8"
_JPEG_2000 = b"\xff\x4f\xff\x51"

#: Frame headers: SOF0–SOF15 without DHT, JPG and DAC (ITU-T T.81, table B.1), and JPEG-LS's SOF55.
_FRAMES = (set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}) | {0xF7}

_SCAN = 0xDA


def announced_size(stream: bytes) -> tuple[int, int] | None:
    """Rows and columns in the header of a JPEG, JPEG-LS or JPEG 2000 code stream.

    Args:
        stream: the code stream of one frame.

    Returns:
        (rows, columns), or None where the stream is of another kind.

    Raises:
        ValueError: the stream begins like one of these and has no such header.
    """
    if stream.startswith(_JPEG_2000):  # ITU-T T.800, section A.5.1: SIZ comes first
        right, bottom, left, top = (int.from_bytes(stream[i : i + 4], "big") for i in (8, 12, 16, 20))
        return bottom - top, right - left
    if not stream.startswith(_JPEG):
        return None
    at = 2
    while at + 9 <= len(stream) and stream[at] == 0xFF:
        marker, length = stream[at + 1], int.from_bytes(stream[at + 2 : at + 4], "big")
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker in _FRAMES:
            return int.from_bytes(stream[at + 5 : at + 7], "big"), int.from_bytes(
                stream[at + 7 : at + 9], "big"
            )
        elif marker == _SCAN:
            break
        else:
            at += 2 + length
    raise ValueError("a JPEG code stream without a frame header")
