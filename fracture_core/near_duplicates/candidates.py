"""Candidate pairs: nearest neighbours of rotation-invariant descriptors instead of all pairs."""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft
from scipy.linalg import eigh
from threadpoolctl import threadpool_limits
from voyager import Index, Space

from fracture_core.jobs.parallel import map_in_order

# Frequencies along a ring, without the mean. Their magnitudes do not change with rotation or mirroring.
_FREQUENCIES = slice(1, 25)

# Principal components of a descriptor, and images in the sample they are computed from.
_COMPONENTS, _SAMPLE = 24, 2000

#: Neighbours compared per image. A copy that is not among them is reached through other copies.
NEIGHBOURS = 12

_CHUNK = 512

# HNSW parameters M, ef_construction and ef. Compared with an exact search among 50,000 synthetic images, no
# neighbour was missed.
_LINKS, _EF_CONSTRUCTION, _EF_SEARCH = 16, 100, 64


def descriptors(fingerprints: NDArray[np.int8]) -> NDArray[np.float32]:
    """Compute descriptors that do not change with rotation or mirroring.

    Args:
        fingerprints: int8 (n, RADII, ANGLES).

    Returns:
        float32 (n, 24): principal components of the square roots of the ring magnitude spectra.
    """
    sample = np.random.default_rng(0).choice(
        len(fingerprints), min(len(fingerprints), _SAMPLE), replace=False
    )
    spectra = _spectra(fingerprints[np.sort(sample)])
    mean = spectra.mean(axis=0)
    # One thread: on a busy machine several threads spend most of the time waiting for each other.
    with threadpool_limits(1, user_api="blas"):
        scatter = (spectra - mean).T @ (spectra - mean)
        last = len(scatter) - 1
        axes = eigh(scatter, subset_by_index=(last - _COMPONENTS + 1, last))[1]

        def project(start: int) -> NDArray[np.float64]:
            return np.asarray((_spectra(fingerprints[start : start + _CHUNK]) - mean) @ axes)

        parts = list(map_in_order(project, range(0, len(fingerprints), _CHUNK), at_once=1))
    return np.concatenate(parts).astype(np.float32)


def candidate_pairs(
    points: NDArray[np.float32], rows: NDArray[np.int64], queries: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Find pairs of near neighbours.

    Neighbours are found approximately with HNSW (Malkov and Yashunin 2016, arXiv:1603.09320). In this many
    dimensions an exact search is as slow as comparing all pairs.

    Args:
        points: float32 (n, k) from `descriptors`.
        rows: int64, the images to search.
        queries: int64, a subset of `rows`: the images whose neighbours are wanted.

    Returns:
        Left row, right row and Euclidean distance of each pair; left < right, without repeated pairs.
    """
    count = min(NEIGHBOURS + 1, len(rows))
    index = Index(
        Space.Euclidean,
        num_dimensions=points.shape[1],
        M=_LINKS,
        ef_construction=_EF_CONSTRUCTION,
        random_seed=0,
        max_elements=len(rows),
    )
    # One thread keeps the graph, and so the audit, deterministic.
    index.add_items(points[rows], num_threads=1)
    neighbours, squared = index.query(points[queries], k=count, query_ef=max(_EF_SEARCH, count))
    one = np.repeat(queries, count)
    other = rows[neighbours.astype(np.int64).reshape(-1)]
    left, right = np.minimum(one, other), np.maximum(one, other)
    _, first = np.unique(left * np.int64(len(points)) + right, return_index=True)
    first = first[left[first] < right[first]]
    return left[first], right[first], np.sqrt(squared.reshape(-1)[first])


def _spectra(fingerprints: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return the square roots of the magnitude spectra of normalised rings, float32 (n, features)."""
    rings = fingerprints.astype(np.float32)
    length = np.linalg.norm(rings, axis=(1, 2), keepdims=True)
    waves = rfft(rings / np.maximum(length, 1e-6))[..., _FREQUENCIES]
    return np.asarray(np.sqrt(np.abs(waves)).reshape(len(fingerprints), -1), np.float32)
