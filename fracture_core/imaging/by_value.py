"""Grey levels of large images, computed once per stored value instead of once per pixel.

A transformation in double precision needs ten times the memory of the stored values. A 16-bit image has at most
65,536 different values.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Images with fewer pixels are transformed directly.
_LARGE = 1 << 23

# Pixels counted or mapped at a time; size of the sample that represents the whole image.
_BLOCK, _SAMPLE = 1 << 20, 1 << 20

#: Maps stored values and a mask of valid pixels to grey levels and warnings.
Transform = Callable[[NDArray[Any], NDArray[np.bool_]], tuple[NDArray[np.float32], tuple[str, ...]]]


def apply_by_value(
    stored: NDArray[Any], valid: NDArray[np.bool_], transform: Transform
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Transform an image whose grey levels depend only on the stored values.

    Args:
        stored: integers or floats, (rows, columns).
        valid: mask of the same shape; other pixels do not influence the grey levels.
        transform: may depend on the frequencies of the values, but not on their positions.

    Returns:
        Grey levels in 0–1, float32 of the same shape, and the warnings of the transformation.
    """
    if stored.size < _LARGE or stored.dtype.kind not in "iu":
        return transform(stored, valid)
    low, high = int(stored.min()), int(stored.max())
    if high - low > 65535:
        return transform(stored, valid)
    counts = np.zeros((2, high - low + 1), np.int64)
    rows = max(1, _BLOCK // stored.shape[1])
    blocks = [slice(start, start + rows) for start in range(0, stored.shape[0], rows)]
    for block in blocks:
        offsets = stored[block].astype(np.int64) - low
        for row, mask in enumerate((~valid[block], valid[block])):
            counts[row] += np.bincount(offsets[mask], minlength=high - low + 1)
    levels, first, warnings = _transform_sample(counts, low, stored.dtype, transform)
    table = np.zeros(high - low + 1, np.float32)
    table[np.flatnonzero(counts.sum(axis=0))] = levels[first]
    pixels = np.empty(stored.shape, np.float32)
    for block in blocks:
        pixels[block] = table[stored[block].astype(np.int64) - low]
    return pixels, warnings


def _transform_sample(
    counts: NDArray[np.int64], low: int, dtype: np.dtype[Any], transform: Transform
) -> tuple[NDArray[np.float32], NDArray[np.int64], tuple[str, ...]]:
    """Transform a one-row sample in which every value has about the same share as in the large image."""
    share = _SAMPLE / max(1, counts[1].sum())
    seen = np.where(counts[1] > 0, np.maximum(1, np.rint(counts[1] * share)), 0).astype(np.int64)
    unseen = np.minimum(counts[0], 1)
    repeats = seen + unseen
    present = np.flatnonzero(repeats)
    sample = np.repeat((present + low).astype(dtype), repeats[present])
    first = np.cumsum(repeats[present]) - repeats[present]
    mask = np.ones(sample.size, bool)
    mask[first[unseen[present] > 0]] = False
    levels, warnings = transform(sample[None], mask[None])
    return levels[0], first, warnings
