"""Permutation test for clustered data: does an outcome depend on subgroup membership?

Under the null hypothesis, the outcomes of a group are exchangeable with those of any other group of the same size.
Outcomes are permuted between groups as whole blocks, which preserves the correlation within groups. A group whose
size is unique is not permuted. The test is exact for any group size and any frequency of the outcome. A normal
approximation would not be accurate for a small number of errors.

Sources:
    A. M. Winkler et al., "Multi-level block permutation", NeuroImage 123, 2015 (whole-block exchangeability).
    B. Phipson and G. K. Smyth, "Permutation P-values should never be zero", Statist. Appl. Genet. Mol. Biol. 9, 2010.
"""

import numpy as np
from numpy.typing import NDArray

SEED = 20240229

#: Array elements per batch of permutations; limits the memory.
_BATCH = 2_000_000

# Tolerance for the rounding of single-precision sums when distances are compared.
_ROUNDING = 1e-3


def block_permutation_test(
    members: NDArray[np.bool_],
    outcome: NDArray[np.bool_],
    group: NDArray[np.int64],
    draws: int,
    seed: int = SEED,
) -> NDArray[np.float64]:
    """Compute two-sided p-values for several subgroups from the same permutations.

    Args:
        members: Membership of each case in each subgroup, shape (subgroups, n).
        outcome: Outcome of each case, shape (n,).
        group: Group codes, shape (n,).
        draws: Number of permutations; no p-value is below 1 / (draws + 1).
        seed: Seed of the permutations; the same seed gives the same p-values.

    Returns:
        P-values, shape (subgroups,): the share of permutations in which the number of outcomes in the subgroup is at
        least as far from its expected value as observed, with the correction of Phipson and Smyth.
    """
    order = np.argsort(group, kind="stable")
    membership = members[:, order].T.astype(np.float32)
    observed = outcome[order].astype(np.float32)
    blocks = _blocks_by_size(group[order])
    expected = np.empty_like(observed)
    for indices in blocks:
        expected[indices] = observed[indices].mean(axis=0)
    # Permuting blocks with identical outcomes changes nothing.
    permutable = [indices for indices in blocks if (observed[indices] != expected[indices]).any()]
    distance = np.abs((observed - expected) @ membership) - _ROUNDING
    rng = np.random.default_rng(seed)
    extreme = np.zeros(members.shape[0], np.int64)
    batch = max(1, _BATCH // max(len(observed), 1))
    for start in range(0, draws, batch):
        count = min(batch, draws - start)
        permuted = np.tile(observed - expected, (count, 1))
        for indices in permutable:
            order_of_blocks = rng.permuted(np.tile(np.arange(len(indices)), (count, 1)), axis=1)
            permuted[:, indices.ravel()] = (observed[indices][order_of_blocks] - expected[indices]).reshape(
                count, -1
            )
        extreme += (np.abs(permuted @ membership) >= distance).sum(axis=0)
    return (extreme + 1) / (draws + 1)


def _blocks_by_size(group: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Indices of the cases of each group, one array (groups, size) per group size; `group` must be sorted."""
    _, first, sizes = np.unique(group, return_index=True, return_counts=True)
    return [first[sizes == size, None] + np.arange(size) for size in np.unique(sizes)]
