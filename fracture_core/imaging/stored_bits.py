"""Removal of bits that do not belong to the image (overlays, padding), for every transfer syntax.

PS3.5 section 8.1.1: of the Bits Allocated, only the Bits Stored that end at High Bit belong to the image. pydicom
removes the others only from uncompressed data, and does not read High Bit.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fracture_core.imaging.dicom_elements import read_number

# Number of bit combinations of three superimposed overlays.
_MANY = 8
# Combinations with a smaller share of the pixels are ignored.
_RARE = 0.002
_MUCH_ROUGHER = 4

_WARNING = (
    "The DICOM file states {bits} bits per pixel, but its values need more, so its contrast may be unusual. "
    "Compare it with the archive."
)


def extract_stored_bits(decoded: NDArray[Any], dataset: Dataset) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Extract the bits that belong to the image.

    Args:
        decoded: integers (rows, columns) as returned by the decoder.
        dataset: Bits Stored, High Bit and Pixel Representation are read.

    Returns:
        Array of the same shape, with sign extension if Pixel Representation is 1, and warnings. If the image
        continues smoothly into the upper bits, Bits Stored is wrong; all bits are then kept, with a warning.
    """
    allocated = decoded.dtype.itemsize * 8
    stored, high = read_number(dataset, "BitsStored"), read_number(dataset, "HighBit")
    if decoded.dtype.kind not in "iu" or stored is None or not 1 <= stored < allocated:
        return decoded, ()
    bits = int(stored)
    decoded = decoded.astype(decoded.dtype.newbyteorder("="), copy=False)
    raw = decoded.view(f"u{decoded.dtype.itemsize}")
    shift = _shift(raw, bits, high)
    # Shift to the top of the type and back down. The right shift of a signed type extends the sign bit.
    values = np.right_shift(
        np.left_shift(raw, allocated - bits - shift).view(decoded.dtype), allocated - bits
    )
    if shift or not (values != decoded).any():
        return values, ()
    if _belong_to_image(values, decoded, raw >> bits):
        return decoded, (_WARNING.format(bits=bits),)
    return values, ()


def _shift(raw: NDArray[Any], bits: int, high: float | None) -> int:
    """Number of bits below the image. A High Bit that contradicts the values is ignored."""
    allocated = raw.dtype.itemsize * 8
    if high is None or not bits - 1 < high < allocated:
        return 0
    shift = int(high) + 1 - bits
    used = int(np.bitwise_or.reduce(raw, axis=None))
    only_low = used < 2**bits and used % 2**shift != 0
    return 0 if only_low else shift


def _belong_to_image(values: NDArray[Any], decoded: NDArray[Any], above: NDArray[Any]) -> bool:
    """Whether the bits above Bits Stored belong to the image, and are not an overlay or padding.

    Args:
        values: integers (rows, columns) without the bits above.
        decoded: the same values with the bits above.
        above: only the bits above.
    """
    without, whole = _roughness(values), _roughness(decoded)
    if without > whole:
        return True
    # If neighbours differ by more than the range of the stored bits, cutting off bits adds no roughness. The upper
    # bits of an image then have many values. Overlays have few, and random padding makes the image much rougher.
    counts = np.bincount(np.minimum(above, 65535).ravel())
    many = np.count_nonzero(counts > _RARE * above.size) >= _MANY
    return bool(many and whole < _MUCH_ROUGHER * without)


def _roughness(values: NDArray[Any]) -> float:
    """Sum of the differences between neighbours.

    Overlay bits increase it. Cutting off bits of the image increases it too, because values wrap around.
    """
    wide = values.astype(np.float32)
    return sum(float(np.abs(np.diff(wide, axis=axis)).sum(dtype=np.float64)) for axis in (0, 1))
