"""From fingerprints to groups of copies."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
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

# Pairs compared between two reports of progress, and by one thread at a time.
_CHUNK, _AT_ONCE = 1024, 32

# Two pictures and how the fingerprint of the second lies best on the first.
_Doubt = tuple[int, int, Pose]


@dataclass(frozen=True)
class DuplicateMatch:
    """Two pictures that were found to be one.

    Attributes:
        left: number of the first.
        right: number of the second.
        score: correlation of what decided: the fingerprints, or the pictures where those left doubt.
    """

    left: int
    right: int
    score: float


def group_duplicates(
    prints: np.ndarray, picture: Callable[[int], np.ndarray], progress: ProgressCallback | None = None
) -> tuple[np.ndarray, list[DuplicateMatch]]:
    """Groups pictures that are one, directly or through a chain of copies.

    Among neighbours only the nearest pair that would join two groups is compared, so the work grows
    with the number of pictures and not with that of their pairs.

    Args:
        prints: int8 (n, RADII, ANGLES) from `fingerprint`.
        picture: gives picture k as float32 (compare.SIDE, compare.SIDE), 0–1; asked only where
            fingerprints leave doubt.
        progress: called with (stage, pairs compared, pairs); the count may start again a few times.

    Returns:
        int (n,), equal for copies, numbered from 0 in order of first appearance; and the matches that
        join them.
    """
    count = len(prints)
    group = np.arange(count)
    lively = np.flatnonzero(prints.any(axis=(1, 2)))
    matches: list[DuplicateMatch] = []
    if len(lively) > 1:
        described = candidates.descriptors(prints[lively])
        place = np.full(count, -1)
        place[lively] = np.arange(len(lively))
        rows = asking = lively
        compared = np.zeros(0, np.int64)
        while True:
            left, right, distance = candidates.candidate_pairs(described, place[rows], place[asking])
            left, right = lively[left], lively[right]
            ends = left, right
            fresh = ~np.isin(left * np.int64(count) + right, compared)
            left, right, distance = left[fresh], right[fresh], distance[fresh]
            compared = np.union1d(compared, left * np.int64(count) + right)
            joined = _join_groups(group, left, right, distance, prints, picture, progress)
            matches += joined
            if not joined:
                break
            # What the members of a group that has just been joined hid may lie beyond them. One of each group stays to
            # be found, and those that are or have such a neighbour ask again. A group's number is its first member.
            rows = np.unique(group[lively])
            grown = np.unique(group[[match.left for match in joined]])
            near = np.isin(group[ends[0]], grown) | np.isin(group[ends[1]], grown)
            asking = np.unique(group[np.concatenate([end[near] for end in ends])])
    return np.unique(group, return_inverse=True)[1], matches


def _join_groups(
    group: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    distance: np.ndarray,
    prints: np.ndarray,
    picture: Callable[[int], np.ndarray],
    progress: ProgressCallback | None,
) -> list[DuplicateMatch]:
    """Compares pairs until none is left that could join two groups; renumbers `group` in place."""
    matches: list[DuplicateMatch] = []
    doubtful: list[_Doubt] = []
    pairs = len(left)
    while True:
        open_ = group[left] != group[right]
        left, right, distance = left[open_], right[open_], distance[open_]
        if not len(left):
            break
        chosen = _spanning_forest(group, left, right, distance)
        for start in range(0, len(chosen), _CHUNK):
            part = chosen[start : start + _CHUNK]
            sure, unsure = _classify_pairs(left[part], right[part], prints)
            matches += sure
            doubtful += unsure
            if progress:
                progress("Comparing images", pairs - len(left) + start, pairs)
        _renumber(group, matches)
        kept = np.ones(len(left), bool)
        kept[chosen] = False
        left, right, distance = left[kept], right[kept], distance[kept]
    if progress and pairs:
        progress("Comparing images", pairs, pairs)
    return matches + _register_doubtful(group, matches, doubtful, picture, progress)


def _register_doubtful(
    group: np.ndarray,
    matches: list[DuplicateMatch],
    doubtful: list[_Doubt],
    picture: Callable[[int], np.ndarray],
    progress: ProgressCallback | None,
) -> list[DuplicateMatch]:
    """Looks at the pictures themselves where fingerprints leave doubt; renumbers `group` in place."""
    doubtful = [pair for pair in doubtful if group[pair[0]] != group[pair[1]]]
    left, right = (np.array([pair[end] for pair in doubtful], int) for end in (0, 1))
    likeness = np.array([pair[2].correlation for pair in doubtful])
    rows = np.flatnonzero(_best_pairs(len(group), left, right, likeness))
    found: list[DuplicateMatch] = []
    pairs = len(rows)

    def settle(row: int) -> DuplicateMatch | None:
        one, other, pose = doubtful[row]
        score = pixel_agreement(picture(one), picture(other), pose)
        return DuplicateMatch(one, other, score) if score >= SAME_AGREEMENT else None

    while len(rows):
        chosen = rows[_spanning_forest(group, left[rows], right[rows], 1 - likeness[rows])]
        for done, match in enumerate(map_in_order(settle, chosen.tolist(), at_once=_AT_ONCE // 8), 1):
            if match is not None:
                found.append(match)
            if progress and done % _AT_ONCE == 0:
                progress("Comparing images", pairs - len(rows) + done, pairs)
        _renumber(group, matches + found)
        rows = np.setdiff1d(rows, chosen)
        rows = rows[group[left[rows]] != group[right[rows]]]
    if progress and pairs:
        progress("Comparing images", pairs, pairs)
    return found


def _best_pairs(count: int, left: np.ndarray, right: np.ndarray, likeness: np.ndarray) -> np.ndarray:
    """Which pairs are the likeliest of one of their ends.

    In a large set of films that look alike every neighbour is doubtful, and more so the larger the set is. A copy
    is the likeliest of them, so the others need no second look.
    """
    best = np.zeros(count)
    np.maximum.at(best, left, likeness)
    np.maximum.at(best, right, likeness)
    return (likeness == best[left]) | (likeness == best[right])


def _spanning_forest(
    group: np.ndarray, left: np.ndarray, right: np.ndarray, distance: np.ndarray
) -> np.ndarray:
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


def _classify_pairs(
    left: np.ndarray, right: np.ndarray, prints: np.ndarray
) -> tuple[list[DuplicateMatch], list[_Doubt]]:
    """Pairs that are one by their fingerprints, and those that leave doubt."""

    def laid(start: int) -> list[_Doubt]:
        ones, others = left[start : start + _AT_ONCE], right[start : start + _AT_ONCE]
        return list(zip(ones.tolist(), others.tolist(), best_poses(prints, ones, others), strict=True))

    sure, unsure = [], []
    for part in map_in_order(laid, range(0, len(left), _AT_ONCE), at_once=1):
        for one, other, pose in part:
            if pose.correlation >= SURE_CORRELATION:
                sure.append(DuplicateMatch(one, other, pose.correlation))
            elif pose.correlation >= DOUBTFUL_CORRELATION:
                unsure.append((one, other, pose))
    return sure, unsure


def _renumber(group: np.ndarray, matches: list[DuplicateMatch]) -> None:
    """Gives joined groups one number, the smallest."""
    ends = group[[match.left for match in matches]], group[[match.right for match in matches]]
    graph = coo_array((np.ones(len(matches), bool), ends), shape=(len(group), len(group)))
    part = connected_components(graph, directed=False)[1][group]
    first = np.full(len(group), len(group))
    np.minimum.at(first, part, group)
    group[:] = first[part]
