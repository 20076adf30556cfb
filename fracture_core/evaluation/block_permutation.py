"""Whether an outcome depends on membership, tested by exchanging whole groups.

Under the null hypothesis the outcomes of a group could as well have been seen in any other group of the same size.
They are moved there together and in their order, so that whatever makes cases of one group alike stays intact; a
group whose size no other has stays where it is. The test is exact for any size of group and any rarity of the
outcome, where a normal approximation to a handful of errors is not.

Sources:
    A. M. Winkler et al., "Multi-level block permutation", NeuroImage 123, 2015 (whole-block exchangeability).
    B. Phipson and G. K. Smyth, "Permutation P-values should never be zero", Statist. Appl. Genet. Mol. Biol. 9, 2010.
"""

import numpy as np
from numpy.typing import NDArray

SEED = 20240229

#: Numbers of one batch of draws held at a time.
_BATCH = 2_000_000

# Sums of zeros and ones are whole, their expected values are not.
_ROUNDING = 1e-3


def block_permutation_test(
    members: NDArray[np.bool_],
    outcome: NDArray[np.bool_],
    group: NDArray[np.int64],
    draws: int,
    seed: int = SEED,
) -> NDArray[np.float64]:
    """Two-sided p-values for several memberships, all from the same draws.

    Args:
        members: shape (looks, n).
        outcome: shape (n,).
        group: group codes, shape (n,).
        draws: how often the groups are exchanged; no p-value is below 1 / (draws + 1).
        seed: of the draws; the same seed gives the same p-values.

    Returns:
        For each membership the share of exchanges that move the number of its outcomes at least as far from the
        number expected as what was seen, shape (looks,).
    """
    order = np.argsort(group, kind="stable")
    looks = members[:, order].T.astype(np.float32)
    seen = outcome[order].astype(np.float32)
    blocks = _blocks_by_size(group[order])
    expected = np.empty_like(seen)
    for places in blocks:
        expected[places] = seen[places].mean(axis=0)
    # Where every block of a size has the same outcomes, exchanging them changes nothing.
    moving = [places for places in blocks if (seen[places] != expected[places]).any()]
    distance = np.abs((seen - expected) @ looks) - _ROUNDING
    random = np.random.default_rng(seed)
    farther = np.zeros(members.shape[0], np.int64)
    batch = max(1, _BATCH // max(len(seen), 1))
    for start in range(0, draws, batch):
        count = min(batch, draws - start)
        drawn = np.tile(seen - expected, (count, 1))
        for places in moving:
            dealt = random.permuted(np.tile(np.arange(len(places)), (count, 1)), axis=1)
            drawn[:, places.ravel()] = (seen[places][dealt] - expected[places]).reshape(count, -1)
        farther += (np.abs(drawn @ looks) >= distance).sum(axis=0)
    return (farther + 1) / (draws + 1)


def _blocks_by_size(group: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Places of the cases of each group, one array (groups, size) for each size; `group` is sorted."""
    _, first, sizes = np.unique(group, return_index=True, return_counts=True)
    return [first[sizes == size, None] + np.arange(size) for size in np.unique(sizes)]
