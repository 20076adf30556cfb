"""A radiograph as a PNG file."""

import struct
import zlib

import numpy as np


def encode_png(pixels: np.ndarray) -> bytes:
    """An 8-bit grey PNG with the three chunks it needs and nothing else.

    Args:
        pixels: (H, W) uint8.

    Returns:
        The file. Equal pixels give equal bytes as long as zlib is the same.
    """
    height, width = pixels.shape
    # Filter type 2 (up) on every row but the first, which has no row above: noise is best predicted so.
    rows = np.zeros((height, width + 1), dtype=np.uint8)
    rows[0, 1:] = pixels[0]
    rows[1:, 0] = 2
    rows[1:, 1:] = pixels[1:] - pixels[:-1]
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
