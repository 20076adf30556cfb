"""Grouping of duplicates from fingerprints."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from fracture_core.jobs.parallel import map_in_order
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.near_duplicates import candidates
from fracture_core.near_duplicates.registration import (
    DOUBTFUL_CORRELATION,
    SAME_AGREEMENT,
    SURE_CORRELATION,
    Pose,
    best_poses,
    pixel_agreement,
)

# Pairs compared between two progress reports, and by one thread at a time.
_CHUNK, _BATCH = 1024, 32

# Two images and the best pose of the second relative to the first.
_DoubtfulPair = tuple[int, int, Pose]


@dataclass(frozen=True)
class DuplicateMatch:
    """Two images that were found to be duplicates.

    Attributes:
        left: number of the first image.
        right: number of the second image.
        score: correlation of the fingerprints, or of the registered pixels for doubtful pairs.
    """

    left: int
    right: int
    score: float


def group_duplicates(
    fingerprints: NDArray[np.int8],
    load_image: Callable[[int], NDArray[np.float32]],
    progress: ProgressCallback | None = None,
) -> tuple[NDArray[np.int64], list[DuplicateMatch]]:
    """Group images that are duplicates, directly or through a chain of copies.

    Only the nearest pair that would join two groups is compared. The work therefore grows with the number of
    images and not with the number of pairs.

    Args:
        fingerprints: int8 (n, RADII, ANGLES) from `compute_fingerprint`.
        load_image: returns image k, float32 (REGISTRATION_SIDE, REGISTRATION_SIDE), 0–1. It is called for
            doubtful pairs only.
        progress: called with (stage, pairs decided, total); may start again from 0 a few times.

    Returns:
        int64 (n,), equal for duplicates, numbered from 0 in order of first appearance. And the matches that
        join the groups.
    """
    count = len(fingerprints)
    group = np.arange(count)
    textured = np.flatnonzero(fingerprints.any(axis=(1, 2)))
    matches: list[DuplicateMatch] = []
    if len(textured) > 1:
        points = candidates.descriptors(fingerprints[textured])
        place = np.full(count, -1)
        place[textured] = np.arange(len(textured))
        rows = queries = textured
        compared = np.zeros(0, np.int64)
        while True:
            left, right, distance = candidates.candidate_pairs(points, place[rows], place[queries])
            left, right = textured[left], textured[right]
            ends = left, right
            fresh = ~np.isin(left * np.int64(count) + right, compared)
            left, right, distance = left[fresh], right[fresh], distance[fresh]
            compared = np.union1d(compared, left * np.int64(count) + right)
            joined = _join_groups(group, left, right, distance, fingerprints, load_image, progress)
            matches += joined
            if not joined:
                break
            # The members of a new group may have hidden other neighbours. Search again among one image per group:
            # its first member, whose number is the group's number. Only changed groups and their neighbours query.
            rows = np.unique(group[textured])
            grown = np.unique(group[[match.left for match in joined]])
            near = np.isin(group[ends[0]], grown) | np.isin(group[ends[1]], grown)
            queries = np.unique(group[np.concatenate([end[near] for end in ends])])
    return np.unique(group, return_inverse=True)[1].astype(np.int64), matches


def _join_groups(
    group: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    distance: NDArray[np.float32],
    fingerprints: NDArray[np.int8],
    load_image: Callable[[int], NDArray[np.float32]],
    progress: ProgressCallback | None,
) -> list[DuplicateMatch]:
    """Compare pairs until none is left that could join two groups. Renumbers `group` in place."""
    matches: list[DuplicateMatch] = []
    doubtful: list[_DoubtfulPair] = []
    pairs = len(left)
    while True:
        open_ = group[left] != group[right]
        left, right, distance = left[open_], right[open_], distance[open_]
        if not len(left):
            break
        chosen = _spanning_forest(group, left, right, distance)
        for start in range(0, len(chosen), _CHUNK):
            part = chosen[start : start + _CHUNK]
            sure, unclear = _classify_pairs(left[part], right[part], fingerprints)
            matches += sure
            doubtful += unclear
            if progress:
                progress("Comparing images", pairs - len(left) + start, pairs)
        _renumber(group, matches)
        open_ = np.ones(len(left), bool)
        open_[chosen] = False
        left, right, distance = left[open_], right[open_], distance[open_]
    if progress and pairs:
        progress("Comparing images", pairs, pairs)
    return matches + _register_doubtful(group, matches, doubtful, load_image, progress)


def _register_doubtful(
    group: NDArray[np.int64],
    matches: list[DuplicateMatch],
    doubtful: list[_DoubtfulPair],
    load_image: Callable[[int], NDArray[np.float32]],
    progress: ProgressCallback | None,
) -> list[DuplicateMatch]:
    """Register the pixels of doubtful pairs. Renumbers `group` in place."""
    doubtful = [pair for pair in doubtful if group[pair[0]] != group[pair[1]]]
    left, right = (np.array([pair[end] for pair in doubtful], int) for end in (0, 1))
    correlation = np.array([pair[2].correlation for pair in doubtful])
    rows = np.flatnonzero(_best_pairs(len(group), left, right, correlation))
    confirmed: list[DuplicateMatch] = []
    pairs = len(rows)

    def register(row: int) -> DuplicateMatch | None:
        one, other, pose = doubtful[row]
        score = pixel_agreement(load_image(one), load_image(other), pose)
        return DuplicateMatch(one, other, score) if score >= SAME_AGREEMENT else None

    while len(rows):
        chosen = rows[_spanning_forest(group, left[rows], right[rows], 1 - correlation[rows])]
        for done, match in enumerate(map_in_order(register, chosen.tolist(), at_once=_BATCH // 8), 1):
            if match is not None:
                confirmed.append(match)
            if progress and done % _BATCH == 0:
                progress("Comparing images", pairs - len(rows) + done, pairs)
        _renumber(group, matches + confirmed)
        rows = np.setdiff1d(rows, chosen)
        rows = rows[group[left[rows]] != group[right[rows]]]
    if progress and pairs:
        progress("Comparing images", pairs, pairs)
    return confirmed


def _best_pairs(
    count: int, left: NDArray[np.int64], right: NDArray[np.int64], correlation: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which pairs have the highest correlation of at least one of their images.

    In a large dataset of similar images every neighbour is doubtful. A duplicate has the highest correlation,
    so the other pairs need not be registered.
    """
    best = np.zeros(count)
    np.maximum.at(best, left, correlation)
    np.maximum.at(best, right, correlation)
    return np.asarray((correlation == best[left]) | (correlation == best[right]))


def _spanning_forest(
    group: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    distance: NDArray[np.float32] | NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return the pairs of the minimum spanning forest between the groups."""
    one, other = np.minimum(group[left], group[right]), np.maximum(group[left], group[right])
    key = one * np.int64(len(group)) + other
    order = np.lexsort((distance, key))
    order = order[np.unique(key[order], return_index=True)[1]]
    size = (len(group), len(group))
    # SciPy treats a weight of zero as a missing edge.
    graph = coo_array((distance[order] + 1e-6, (one[order], other[order])), shape=size)
    tree = minimum_spanning_tree(graph.tocsr()).tocoo()
    low, high = np.minimum(tree.row, tree.col), np.maximum(tree.row, tree.col)
    return np.asarray(order[np.isin(key[order], low.astype(np.int64) * len(group) + high)], np.int64)


def _classify_pairs(
    left: NDArray[np.int64], right: NDArray[np.int64], fingerprints: NDArray[np.int8]
) -> tuple[list[DuplicateMatch], list[_DoubtfulPair]]:
    """Return the pairs that are duplicates by their fingerprints, and the doubtful pairs."""

    def align(start: int) -> list[_DoubtfulPair]:
        ones, others = left[start : start + _BATCH], right[start : start + _BATCH]
        return list(zip(ones.tolist(), others.tolist(), best_poses(fingerprints, ones, others), strict=True))

    sure, doubtful = [], []
    for part in map_in_order(align, range(0, len(left), _BATCH), at_once=1):
        for one, other, pose in part:
            if pose.correlation >= SURE_CORRELATION:
                sure.append(DuplicateMatch(one, other, pose.correlation))
            elif pose.correlation >= DOUBTFUL_CORRELATION:
                doubtful.append((one, other, pose))
    return sure, doubtful


def _renumber(group: NDArray[np.int64], matches: list[DuplicateMatch]) -> None:
    """Give joined groups one number, the smallest of their numbers."""
    ends = group[[match.left for match in matches]], group[[match.right for match in matches]]
    graph = coo_array((np.ones(len(matches), bool), ends), shape=(len(group), len(group)))
    part = connected_components(graph, directed=False)[1][group]
    first = np.full(len(group), len(group))
    np.minimum.at(first, part, group)
    group[:] = first[part]
