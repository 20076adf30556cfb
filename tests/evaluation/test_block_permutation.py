"""Permutation test for clustered data: exact on small samples, valid for correlated groups."""

from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from fracture_core.evaluation.block_permutation import block_permutation_test


def test_independent_cases_give_fishers_exact_test():
    member = np.arange(40) < 12
    outcome = np.isin(np.arange(40), [0, 1, 2, 3, 4, 5, 20, 30])
    table = [[6, 6], [2, 26]]
    (p,) = block_permutation_test(member[None], outcome, np.arange(40), 40_000)
    # At least as far from the expected 2.4 as the observed 6 are only 6, 7 and 8, so the test is one-sided.
    exact = stats.fisher_exact(table, alternative="greater").pvalue
    assert p == pytest.approx(exact, rel=0.15)


def test_p_value_of_whole_groups_is_that_of_all_permutations():
    """Three groups of two and one of three: the p-value is compared with the enumeration of all permutations."""
    group = np.array([5, 5, 1, 1, 8, 8, 3, 3, 3])
    outcome = np.array([1, 1, 0, 1, 0, 0, 1, 0, 0], bool)
    member = np.array([1, 1, 0, 0, 0, 0, 1, 0, 0], bool)
    sums = np.array([sum(order[0]) + 1 for order in permutations([(1, 1), (0, 1), (0, 0)])])
    exact = (np.abs(sums - sums.mean()) >= abs(3 - sums.mean())).mean()
    (p,) = block_permutation_test(member[None], outcome, group, 20_000)
    assert p == pytest.approx(exact, abs=0.02)


def test_single_group_has_a_p_value_of_one():
    outcome = np.arange(30) < 15
    assert block_permutation_test(outcome[None], outcome, np.zeros(30, int), 99) == 1


def test_p_values_depend_only_on_the_seed():
    rng = np.random.default_rng(1)
    members, outcome, group = rng.random((3, 90)) < 0.4, rng.random(90) < 0.2, rng.integers(0, 40, 90)
    first, second = (block_permutation_test(members, outcome, group, 500) for _ in range(2))
    assert (first == second).all()
    # The p-value of a subgroup does not depend on the other subgroups.
    assert block_permutation_test(members[1:2], outcome, group, 500)[0] == first[1]


def test_false_positive_rate_for_correlated_groups():
    """Errors and subgroups follow whole groups; Fisher's test, which assumes independence, is not valid."""
    rng = np.random.default_rng(2)
    group = np.repeat(np.arange(60), 5)
    permutation, fisher = [], []
    for _ in range(200):
        member = (rng.random(60) < 0.4)[group]
        outcome = rng.random(300) < rng.choice([0.02, 0.8], 60, p=[0.8, 0.2])[group]
        permutation.append(block_permutation_test(member[None], outcome, group, 199)[0] <= 0.05)
        counts = [[(outcome & side).sum(), (~outcome & side).sum()] for side in (member, ~member)]
        fisher.append(stats.fisher_exact(counts).pvalue <= 0.05)
    assert np.mean(permutation) <= 0.09
    assert np.mean(fisher) > 0.2
