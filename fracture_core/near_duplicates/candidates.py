"""Which pictures are worth comparing: nearest neighbours, never all pairs."""

import numpy as np
from scipy.fft import rfft
from scipy.linalg import eigh
from threadpoolctl import threadpool_limits
from voyager import Index, Space

from fracture_core.jobs.parallel import map_in_order

# Waves along a ring, without the mean: their strengths do not change when the picture is turned or mirrored.
_FREQUENCIES = slice(1, 25)

#: Numbers kept of a description, and how many pictures show which numbers tell pictures apart.
_COMPONENTS, _SAMPLE = 24, 2000

#: Neighbours looked at for each picture. A copy that is not among them is reached through other copies.
NEIGHBOURS = 12

_CHUNK = 512

#: Of the graph of neighbours: links of a picture, and pictures looked at when one is entered and when one asks. Against
#: exact search among 50,000 synthetic films no neighbour was missed.
_LINKS, _ENTERING, _ASKING = 16, 100, 64


def descriptors(prints: np.ndarray) -> np.ndarray:
    """What of a fingerprint stays the same however the picture is turned or mirrored, in few numbers.

    Args:
        prints: int8 (n, RADII, ANGLES).

    Returns:
        float32 (n, 24): principal components of the square roots of the ring spectra.
    """
    sample = np.random.default_rng(0).choice(len(prints), min(len(prints), _SAMPLE), replace=False)
    known = _spectra(prints[np.sort(sample)])
    mean = known.mean(axis=0)
    # One thread: several wait for each other where other work keeps the processor busy.
    with threadpool_limits(1, user_api="blas"):
        spread = (known - mean).T @ (known - mean)
        last = len(spread) - 1
        axes = eigh(spread, subset_by_index=(last - _COMPONENTS + 1, last))[1]

        def described(start: int) -> np.ndarray:
            return np.asarray((_spectra(prints[start : start + _CHUNK]) - mean) @ axes)

        parts = list(map_in_order(described, range(0, len(prints), _CHUNK), at_once=1))
    return np.concatenate(parts).astype(np.float32)


def candidate_pairs(
    described: np.ndarray, rows: np.ndarray, asking: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of near neighbours among some pictures.

    Neighbours are found in a hierarchical graph (HNSW, Malkov and Yashunin 2016, arXiv:1603.09320): an exact search
    in so many dimensions comes down to all pairs.

    Args:
        described: float32 (n, k) from `descriptors`.
        rows: int, the pictures to look among.
        asking: int, those of them whose neighbours are wanted.

    Returns:
        left, right and distance of each pair, left < right, no pair twice.
    """
    near = min(NEIGHBOURS + 1, len(rows))
    index = Index(
        Space.Euclidean,
        num_dimensions=described.shape[1],
        M=_LINKS,
        ef_construction=_ENTERING,
        random_seed=0,
        max_elements=len(rows),
    )
    # One thread enters them: the graph, and so the audit, is then the same each time.
    index.add_items(described[rows], num_threads=1)
    # It gives squares.
    found, distance = index.query(described[asking], k=near, query_ef=max(_ASKING, near))
    one = np.repeat(asking, near)
    other = rows[found.astype(np.int64).reshape(-1)]
    left, right = np.minimum(one, other), np.maximum(one, other)
    _, first = np.unique(left * np.int64(len(described)) + right, return_index=True)
    first = first[left[first] < right[first]]
    return left[first], right[first], np.sqrt(distance.reshape(-1)[first])


def _spectra(prints: np.ndarray) -> np.ndarray:
    rings = prints.astype(np.float32)
    length = np.linalg.norm(rings, axis=(1, 2), keepdims=True)
    waves = rfft(rings / np.maximum(length, 1e-6))[..., _FREQUENCIES]
    return np.sqrt(np.abs(waves)).reshape(len(prints), -1).astype(np.float32)
