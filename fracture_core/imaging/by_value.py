"""Grey levels of large images, computed once for each stored value instead of once for each pixel.

A transformation in double precision takes ten times the memory of the stored values. A 16-bit image has 65,536
values at most, however many pixels.
"""

from collections.abc import Callable

import numpy as np

#: Images of fewer pixels are transformed directly.
_LARGE = 1 << 23

# Pixels counted or mapped at a time; pixels that stand for the whole image, in the same proportions.
_BLOCK, _SAMPLE = 1 << 20, 1 << 20

#: Values and a mask of those that count, to grey levels and warnings.
Transform = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, tuple[str, ...]]]


def apply_by_value(
    stored: np.ndarray, valid: np.ndarray, transform: Transform
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Transform an image whose grey levels depend on the stored value alone.

    Args:
        stored: integers or floats (rows, columns).
        valid: bool of the same shape; other pixels do not influence the grey levels.
        transform: it may look at how often values occur, as a window from their range does, and not at their places.

    Returns:
        float32 of the same shape in 0–1, and the warnings of the transformation.
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
        places = stored[block].astype(np.int64) - low
        for row, mask in enumerate((~valid[block], valid[block])):
            counts[row] += np.bincount(places[mask], minlength=high - low + 1)
    shown, first, notes = _transform_sample(counts, low, stored.dtype, transform)
    table = np.zeros(high - low + 1, np.float32)
    table[np.flatnonzero(counts.sum(axis=0))] = shown[first]
    pixels = np.empty(stored.shape, np.float32)
    for block in blocks:
        pixels[block] = table[stored[block].astype(np.int64) - low]
    return pixels, notes


def _transform_sample(
    counts: np.ndarray, low: int, kind: np.dtype, transform: Transform
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Transform an image of one row that holds every value about as often, relatively, as the large one."""
    share = _SAMPLE / max(1, counts[1].sum())
    seen = np.where(counts[1] > 0, np.maximum(1, np.rint(counts[1] * share)), 0).astype(np.int64)
    unseen = np.minimum(counts[0], 1)
    repeats = seen + unseen
    present = np.flatnonzero(repeats)
    sample = np.repeat((present + low).astype(kind), repeats[present])
    first = np.cumsum(repeats[present]) - repeats[present]
    mask = np.ones(sample.size, bool)
    mask[first[unseen[present] > 0]] = False
    shown, notes = transform(sample[None], mask[None])
    return shown[0], first, notes
