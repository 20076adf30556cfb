"""Scaling of stored values to grey levels in 0–1."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Bit depths of detectors and scanners, often stored in a wider type.
DEPTHS = (8, 10, 12, 14, 16)

_BLOCK = 1 << 18  # values converted at a time


def full_scale_value(highest: float) -> int:
    """Return the largest value of the smallest usual bit depth that contains `highest`.

    Detectors deliver 10, 12 or 14 bits, and files store them in 16. The value 3,900 is bright in a 12-bit image, but
    would be nearly black in a 16-bit image.

    Args:
        highest: the largest value of the image, 0–65,535.

    Raises:
        ValueError: the value needs more than 16 bits.

    Example:
        >>> full_scale_value(3900)
        4095
    """
    for bits in DEPTHS:
        if highest < 2**bits:
            return int(2**bits - 1)
    raise ValueError(f"{highest} needs more than {DEPTHS[-1]} bits")


def full_scale_of_any(highest: int) -> int:
    """Return `full_scale_value`, or the largest 24-bit or 32-bit number for larger values."""
    return next((int(2**bits - 1) for bits in (*DEPTHS, 24, 32) if highest < 2**bits), highest)


def rescale_linear(values: NDArray[Any], low: float, high: float) -> NDArray[np.float32]:
    """Map values linearly so that `low` becomes 0 and `high` becomes 1, and clip the result.

    Args:
        values: array of any shape and number type.
        low: the value that becomes black.
        high: the value that becomes white.

    Returns:
        Grey levels in 0–1, float32 of the same shape; all 0 unless `high` is larger than `low`.
    """
    if not high > low:
        return np.zeros(values.shape, np.float32)
    # In blocks of rows, because double precision for the whole image would need four times its memory.
    shown = np.empty(values.shape, np.float32)
    rows = max(1, _BLOCK // max(1, values[:1].size))
    for start in range(0, len(values), rows):
        scaled = values[start : start + rows].astype(np.float64)
        scaled -= low
        scaled /= high - low
        np.clip(scaled, 0.0, 1.0, out=scaled)
        shown[start : start + rows] = scaled
    return shown
