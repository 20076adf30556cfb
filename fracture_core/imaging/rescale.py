"""Stored numbers to grey levels in 0–1."""

import numpy as np

#: Bit depths detectors and scanners store in a wider type.
DEPTHS = (8, 10, 12, 14, 16)

_BLOCK = 1 << 18  # values converted at a time


def full_scale_value(highest: float) -> int:
    """The largest value of the smallest usual bit depth that holds `highest`.

    Detectors deliver 10, 12 or 14 bits and files store them in 16: 3,900 is bright in a 12-bit
    image, and would be nearly black if it were taken for 16 bits.
    """
    for bits in DEPTHS:
        if highest < 2**bits:
            return 2**bits - 1
    raise ValueError(f"{highest} needs more than {DEPTHS[-1]} bits")


def full_scale_of_any(highest: int) -> int:
    """Like `full_scale_value`, and for larger values the largest 24-bit or 32-bit number."""
    return next((2**bits - 1 for bits in (*DEPTHS, 24, 32) if highest < 2**bits), highest)


def rescale_linear(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Maps `low` to 0 and `high` to 1, linearly, clipped; all 0 where both are the same.

    Args:
        values: array of any number type.
        low: the value that becomes black.
        high: the value that becomes white.

    Returns:
        float32 array of the same shape.
    """
    if not high > low:
        return np.zeros(values.shape, np.float32)
    # In blocks of rows: double precision for the whole image would take four times its memory.
    shown = np.empty(values.shape, np.float32)
    rows = max(1, _BLOCK // max(1, values[:1].size))
    for start in range(0, len(values), rows):
        scaled = values[start : start + rows].astype(np.float64)
        scaled -= low
        scaled /= high - low
        np.clip(scaled, 0.0, 1.0, out=scaled)
        shown[start : start + rows] = scaled
    return shown
