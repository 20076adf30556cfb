"""Stored values without the bits above or below them (overlays, padding), for every transfer syntax.

PS3.5 section 8.1.1: of the Bits Allocated, only the Bits Stored that end at High Bit belong to the image.
pydicom removes the others from uncompressed data only, and does not read High Bit.
"""

import numpy as np
from pydicom.dataset import Dataset

from fracture_core.imaging.dicom_elements import read_number

# Three overlays on top of one another have as many combinations of bits.
_MANY = 8
# Share of pixels below which a combination does not count.
_RARE = 0.002
_MUCH_ROUGHER = 4

_WARNING = (
    "The DICOM file states {bits} bits a pixel, but its values do not fit, so its contrast may be unusual: "
    "compare it with the archive."
)


def extract_stored_bits(decoded: np.ndarray, dataset: Dataset) -> tuple[np.ndarray, tuple[str, ...]]:
    """Keeps the bits that belong to the image.

    Args:
        decoded: integer array (rows, columns) as the decoder returned it.
        dataset: Bits Stored, High Bit and Pixel Representation are read.

    Returns:
        Array of the same shape with sign extension where Pixel Representation is 1, and warnings. Where the
        image continues smoothly into the bits above, Bits Stored is wrong and all bits are kept, with a warning.
    """
    allocated = decoded.dtype.itemsize * 8
    stored, high = read_number(dataset, "BitsStored"), read_number(dataset, "HighBit")
    if decoded.dtype.kind not in "iu" or stored is None or not 1 <= stored < allocated:
        return decoded, ()
    bits = int(stored)
    decoded = decoded.astype(decoded.dtype.newbyteorder("="), copy=False)
    raw = decoded.view(f"u{decoded.dtype.itemsize}")
    shift = _shift(raw, bits, high)
    # Up to the top of the type and down again: a signed type repeats its sign bit on the way down.
    values = np.right_shift(
        np.left_shift(raw, allocated - bits - shift).view(decoded.dtype), allocated - bits
    )
    if shift or not (values != decoded).any():
        return values, ()
    if _belong_to_image(values, decoded, raw >> bits):
        return decoded, (_WARNING.format(bits=bits),)
    return values, ()


def _shift(raw: np.ndarray, bits: int, high: float | None) -> int:
    """Bits below the image. A High Bit that the values contradict is not followed."""
    allocated = raw.dtype.itemsize * 8
    if high is None or not bits - 1 < high < allocated:
        return 0
    shift = int(high) + 1 - bits
    used = int(np.bitwise_or.reduce(raw, axis=None))
    only_low = used < 2**bits and used % 2**shift != 0
    return 0 if only_low else shift


def _belong_to_image(values: np.ndarray, decoded: np.ndarray, above: np.ndarray) -> bool:
    """Whether the bits above are the upper bits of the image, and no overlay or padding.

    Args:
        values: integers (rows, columns) without the bits above.
        decoded: the same with them.
        above: the bits above alone.
    """
    without, whole = _roughness(values), _roughness(decoded)
    if without > whole:
        return True
    # Where neighbours differ by more than the stored bits hold, wrapping adds no roughness. Then the upper bits
    # take many values; overlays take few, and random padding makes the image much rougher.
    counts = np.bincount(np.minimum(above, 65535).ravel())
    many = np.count_nonzero(counts > _RARE * above.size) >= _MANY
    return bool(many and whole < _MUCH_ROUGHER * without)


def _roughness(values: np.ndarray) -> float:
    """Sum of the steps between neighbours.

    Overlay bits add steps. Cutting bits off that belong to the image adds steps too, where it wraps around.
    """
    wide = values.astype(np.float32)
    return sum(float(np.abs(np.diff(wide, axis=axis)).sum(dtype=np.float64)) for axis in (0, 1))
