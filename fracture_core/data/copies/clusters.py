"""From fingerprints to groups of copies."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from fracture_core.data.copies import candidates
from fracture_core.data.copies.compare import DOUBT, SAME, SURE, agreement, poses
from fracture_core.data.parallel import in_order

#: (pairs settled, pairs)
Progress = Callable[[int, int], None]

# Pairs compared between two reports of progress, and by one thread at a time.
_CHUNK, _AT_ONCE = 1024, 32


@dataclass(frozen=True)
class Match:
    """Two pictures that were found to be one.

    Attributes:
        left: number of the first.
        right: number of the second.
        score: correlation of what decided: the fingerprints, or the pictures where those left doubt.
    """

    left: int
    right: int
    score: float


def clusters(
    prints: np.ndarray, picture: Callable[[int], np.ndarray], progress: Progress | None = None
) -> tuple[np.ndarray, list[Match]]:
    """Groups pictures that are one, directly or through a chain of copies.

    Among neighbours only the nearest pair that would join two groups is compared, so the work grows
    with the number of pictures and not with that of their pairs.

    Args:
        prints: int8 (n, RADII, ANGLES) from `fingerprint`.
        picture: gives picture k as float32 (compare.SIDE, compare.SIDE), 0–1; asked only where
            fingerprints leave doubt.
        progress: called with (pairs settled, pairs), once or a few times over.

    Returns:
        int (n,), equal for copies, numbered from 0 in order of first appearance; and the matches that
        join them.
    """
    count = len(prints)
    group = np.arange(count)
    lively = np.flatnonzero(prints.any(axis=(1, 2)))
    matches: list[Match] = []
    if len(lively) > 1:
        described = candidates.descriptions(prints[lively])
        place = np.full(count, -1)
        place[lively] = np.arange(len(lively))
        rows = lively
        compared = np.zeros(0, np.int64)
        while True:
            left, right, distance = candidates.pairs(described, place[rows])
            left, right = lively[left], lively[right]
            fresh = ~np.isin(left * np.int64(count) + right, compared)
            left, right, distance = left[fresh], right[fresh], distance[fresh]
            compared = np.union1d(compared, left * np.int64(count) + right)
            joined = _join(group, left, right, distance, prints, picture, progress)
            matches += joined
            if not joined:
                break
            # Copies of copies may lie beyond the neighbours that were looked at; one of each group asks again.
            rows = lively[np.unique(group[lively], return_index=True)[1]]
    return np.unique(group, return_inverse=True)[1], matches


def _join(
    group: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    distance: np.ndarray,
    prints: np.ndarray,
    picture: Callable[[int], np.ndarray],
    progress: Progress | None,
) -> list[Match]:
    """Compares pairs until none is left that could join two groups; renumbers `group` in place."""
    matches: list[Match] = []
    pairs = len(left)
    while True:
        open_ = group[left] != group[right]
        left, right, distance = left[open_], right[open_], distance[open_]
        if not len(left):
            if progress and pairs:
                progress(pairs, pairs)
            return matches
        chosen = _forest(group, left, right, distance)
        for start in range(0, len(chosen), _CHUNK):
            part = chosen[start : start + _CHUNK]
            matches += _compare(left[part], right[part], prints, picture)
            if progress:
                progress(pairs - len(left) + start, pairs)
        _renumber(group, matches)
        kept = np.ones(len(left), bool)
        kept[chosen] = False
        left, right, distance = left[kept], right[kept], distance[kept]


def _forest(group: np.ndarray, left: np.ndarray, right: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """The nearest pairs that would join all groups into as few as possible (minimum spanning forest)."""
    one, other = np.minimum(group[left], group[right]), np.maximum(group[left], group[right])
    key = one * np.int64(len(group)) + other
    order = np.lexsort((distance, key))
    order = order[np.unique(key[order], return_index=True)[1]]
    size = (len(group), len(group))
    # A weight of zero would count as no edge.
    graph = coo_array((distance[order] + 1e-6, (one[order], other[order])), shape=size)
    tree = minimum_spanning_tree(graph.tocsr()).tocoo()
    low, high = np.minimum(tree.row, tree.col), np.maximum(tree.row, tree.col)
    return order[np.isin(key[order], low.astype(np.int64) * len(group) + high)]


def _compare(
    left: np.ndarray, right: np.ndarray, prints: np.ndarray, picture: Callable[[int], np.ndarray]
) -> list[Match]:
    def settle(start: int) -> list[Match]:
        ones, others = left[start : start + _AT_ONCE], right[start : start + _AT_ONCE]
        found = []
        for one, other, pose in zip(ones.tolist(), others.tolist(), poses(prints, ones, others), strict=True):
            score = pose.correlation
            if DOUBT <= score < SURE:
                score = agreement(picture(one), picture(other), pose)
                if score < SAME:
                    continue
            elif score < DOUBT:
                continue
            found.append(Match(one, other, score))
        return found

    return [match for part in in_order(settle, range(0, len(left), _AT_ONCE), at_once=1) for match in part]


def _renumber(group: np.ndarray, matches: list[Match]) -> None:
    """Gives joined groups one number, the smallest."""
    ends = group[[match.left for match in matches]], group[[match.right for match in matches]]
    graph = coo_array((np.ones(len(matches), bool), ends), shape=(len(group), len(group)))
    part = connected_components(graph, directed=False)[1][group]
    first = np.full(len(group), len(group))
    np.minimum.at(first, part, group)
    group[:] = first[part]
