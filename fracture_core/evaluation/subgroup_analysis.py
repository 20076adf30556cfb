"""Subgroup analysis: compares the error rates of each subgroup, and of each combination of two, with the rest.

Two hypotheses are tested for each subgroup: whether the rate of missed fractures, and whether the rate of false alarms,
differs from that of the other images of the same class. Accuracy is reported but not tested, because it depends on the
prevalence. Holm's correction over all tests controls the family-wise error rate at 5%, also for overlapping subgroups.

Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6, 1979. See
`block_permutation` for the test itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fracture_core.evaluation.block_permutation import block_permutation_test
from fracture_core.evaluation.confusion import is_flagged
from fracture_core.evaluation.metrics import Summary, summarise
from fracture_core.evaluation.scored_cases import ScoredCases, check_scored_cases
from fracture_core.evaluation.subgroup import Subgroup, find_subgroups, subgroup_title

if TYPE_CHECKING:
    import pandas as pd

#: Family-wise error rate.
SIGNIFICANCE_LEVEL = 0.05

#: Minimum number of images of a class in the subgroup and in the rest.
MIN_IMAGES = 20

#: Maximum number of combinations in the result.
MAX_PAIRS = 20

# A combination that contains more than this share of one of its subgroups is redundant.
_MAX_PAIR_SHARE = 0.9

# With these numbers of permutations the smallest corrected p-value is at most 0.02.
_DRAWS, _DRAWS_PER_TEST = 9_999, 50


@dataclass(frozen=True)
class SubgroupTest:
    """Comparison of the error rate in a subgroup with the rest, among the images of one class.

    Attributes:
        share: Error rate in the subgroup, 0–1.
        rest: Error rate in the other images of the class, 0–1.
        p: P-value of the difference.
        adjusted: P-value after correction for all tests.
    """

    share: float
    rest: float
    p: float
    adjusted: float

    @property
    def is_significant(self) -> bool:
        """Whether the difference is significant after correction."""
        return self.adjusted <= SIGNIFICANCE_LEVEL

    @property
    def rank(self) -> tuple[float, float]:
        """Sort key: ascending p-value, then descending size of the difference."""
        return self.p, -abs(self.share - self.rest)

    @property
    def is_worse(self) -> bool:
        """Whether the error rate in the subgroup is significantly higher."""
        return self.is_significant and self.share > self.rest


@dataclass(frozen=True, eq=False)
class SubgroupResult:
    """Performance in a subgroup or in a combination of two.

    Attributes:
        subgroups: One or two subgroups.
        summary: Performance on the images in all of them.
        misses: Test of the rate of missed fractures; None if there are too few images.
        alarms: Test of the rate of false alarms; None if there are too few images.
    """

    subgroups: tuple[Subgroup, ...]
    summary: Summary
    misses: SubgroupTest | None
    alarms: SubgroupTest | None

    @property
    def title(self) -> str:
        """Title, such as "Region: hand, View: lateral"."""
        return subgroup_title(self.subgroups)

    @property
    def is_different(self) -> bool:
        """Whether either error rate differs significantly from the rest."""
        return any(test is not None and test.is_significant for test in (self.misses, self.alarms))


@dataclass(frozen=True, eq=False)
class SubgroupAnalysis:
    """Result of a subgroup analysis.

    Attributes:
        single: All subgroups.
        pairs: The `MAX_PAIRS` combinations of two subgroups with the smallest p-values.
        test_count: Number of tests.
        pairs_compared: Number of combinations that were tested.
        threshold: Decision threshold; see `confusion.is_flagged`.
    """

    single: tuple[SubgroupResult, ...]
    pairs: tuple[SubgroupResult, ...]
    test_count: int
    pairs_compared: int
    threshold: float


def analyse_subgroups(
    table: pd.DataFrame, threshold: float, properties: pd.DataFrame | None = None
) -> SubgroupAnalysis:
    """Compare all subgroups, and all combinations of two, with the rest.

    Args:
        table: Predictions on the images of one split, as returned by `predictions.read_predictions`.
        threshold: Decision threshold; see `confusion.is_flagged`.
        properties: Further properties by case id; see `subgroup.find_subgroups`.

    Returns:
        The analysis; single subgroups in the order of `find_subgroups`, combinations by `SubgroupTest.rank`.
    """
    cases = check_scored_cases(table["label"], table["probability"], table["group"])
    single = find_subgroups(table, properties)
    candidates = [(subgroup,) for subgroup in single] + _pairs(single)
    members = [
        np.logical_and.reduce([subgroup.members for subgroup in candidate]) for candidate in candidates
    ]
    wrong = is_flagged(cases.probability, threshold) != (cases.label == 1)
    tests = _run_tests(cases, wrong, np.array(members, np.bool_).reshape(len(candidates), len(cases)))
    compared = [
        index for index in range(len(single), len(candidates)) if (index, 0) in tests or (index, 1) in tests
    ]
    ranked = sorted(
        compared,
        key=lambda index: min(tests[index, label].rank for label in (0, 1) if (index, label) in tests),
    )
    results = {
        index: SubgroupResult(
            candidates[index],
            summarise(
                cases.label[members[index]],
                cases.probability[members[index]],
                cases.group[members[index]],
                threshold,
            ),
            tests.get((index, 1)),
            tests.get((index, 0)),
        )
        for index in [*range(len(single)), *ranked[:MAX_PAIRS]]
    }
    return SubgroupAnalysis(
        tuple(results[index] for index in range(len(single))),
        tuple(results[index] for index in ranked[:MAX_PAIRS]),
        len(tests),
        len(ranked),
        threshold,
    )


def _pairs(single: Sequence[Subgroup]) -> list[tuple[Subgroup, ...]]:
    """Combinations of subgroups of two properties that share images, without redundant ones."""
    pairs: list[tuple[Subgroup, ...]] = []
    for first, second in combinations(single, 2):
        both = int((first.members & second.members).sum())
        if first.property != second.property and 0 < both <= _MAX_PAIR_SHARE * min(
            first.members.sum(), second.members.sum()
        ):
            pairs.append((first, second))
    return pairs


def _run_tests(
    cases: ScoredCases, wrong: NDArray[np.bool_], members: NDArray[np.bool_]
) -> dict[tuple[int, int], SubgroupTest]:
    """Tests of all comparisons with enough images, by index of the subgroup (row of `members`) and label."""
    counts = {label: (members & (cases.label == label)).sum(axis=1) for label in (1, 0)}
    testable = {
        label: np.flatnonzero((inside >= MIN_IMAGES) & ((cases.label == label).sum() - inside >= MIN_IMAGES))
        for label, inside in counts.items()
    }
    test_count = sum(map(len, testable.values()))
    if not test_count:
        return {}
    draws = max(_DRAWS, _DRAWS_PER_TEST * test_count)
    keys, shares, p = [], [], []
    for label, indices in testable.items():
        rows = cases.label == label
        inside, errors = members[indices][:, rows], wrong[rows]
        keys += [(int(index), label) for index in indices]
        shares += [(float(errors[member].mean()), float(errors[~member].mean())) for member in inside]
        if len(indices):
            p += block_permutation_test(inside, errors, cases.group[rows], draws).tolist()
    from statsmodels.stats.multitest import multipletests

    adjusted = multipletests(p, alpha=SIGNIFICANCE_LEVEL, method="holm")[1].tolist()
    return {
        key: SubgroupTest(*share, raw, corrected)
        for key, share, raw, corrected in zip(keys, shares, p, adjusted, strict=True)
    }
