"""Where a model fails: every slice of its test films, and every two of them together, against the rest.

Two questions are asked of a slice: whether fractures are missed, and whether false alarms are raised, more or less
often than on the other films of that class. Accuracy is shown but not tested, for it moves with the share of
fractures alone. Each question is a look; Holm's correction over all looks, single and combined, holds the chance of
any false claim at 5% however much the slices overlap.

Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6, 1979. The test of
one look is told in `block_permutation_test`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.multitest import multipletests

from fracture_core.evaluation.block_permutation import block_permutation_test
from fracture_core.evaluation.confusion import is_flagged
from fracture_core.evaluation.metrics import Summary, summarise
from fracture_core.evaluation.scored_cases import ScoredCases, check_scored_cases
from fracture_core.evaluation.subgroup import Subgroup, find_subgroups, subgroup_title

#: The chance of any false claim.
SIGNIFICANCE_LEVEL = 0.05

#: Films of a class that a slice, and the rest, must have before they are compared.
MIN_IMAGES = 20

#: Combinations that are kept, the clearest first.
MAX_PAIRS = 20

# A combination that keeps more than this of one of its parts says nothing that the part does not say.
_MAX_PAIR_SHARE = 0.9

# The smallest p-value after Holm's correction is then at most 0.02.
_DRAWS, _DRAWS_PER_TEST = 9_999, 50


@dataclass(frozen=True)
class SubgroupTest:
    """How often a model errs on the films of one class in a slice, and on the others of that class.

    Attributes:
        share: of the slice's films, 0–1.
        rest: of the other films, 0–1.
        p: of the difference, for this look alone.
        adjusted: the same after correction for all looks.
    """

    share: float
    rest: float
    p: float
    adjusted: float

    @property
    def is_significant(self) -> bool:
        """Whether the difference stands after correction."""
        return self.adjusted <= SIGNIFICANCE_LEVEL

    @property
    def rank(self) -> tuple[float, float]:
        """Sorts the clearest first: by p, then by the size of the difference."""
        return self.p, -abs(self.share - self.rest)

    @property
    def is_worse(self) -> bool:
        """Whether it stands, and the model errs more often in the slice."""
        return self.is_significant and self.share > self.rest


@dataclass(frozen=True, eq=False)
class SubgroupResult:
    """A slice, or two together, measured.

    Attributes:
        slices: one or two.
        summary: the record on its films.
        misses: of its fractures; None where there are too few to compare.
        alarms: false alarms on its other films; None where there are too few to compare.
    """

    slices: tuple[Subgroup, ...]
    summary: Summary
    misses: SubgroupTest | None
    alarms: SubgroupTest | None

    @property
    def title(self) -> str:
        """What a table calls it."""
        return subgroup_title(self.slices)

    @property
    def is_different(self) -> bool:
        """Whether it differs from the rest in either way."""
        return any(look is not None and look.is_significant for look in (self.misses, self.alarms))


@dataclass(frozen=True, eq=False)
class SubgroupAnalysis:
    """What was found.

    Attributes:
        single: every slice.
        pairs: the clearest `MAX_PAIRS` of the combinations that were compared.
        looks: comparisons made.
        pairs_compared: combinations among them.
        threshold: at or above it a film counted as *fracture*.
    """

    single: tuple[SubgroupResult, ...]
    pairs: tuple[SubgroupResult, ...]
    looks: int
    pairs_compared: int
    threshold: float


def analyse_subgroups(
    table: pd.DataFrame, threshold: float, properties: pd.DataFrame | None = None
) -> SubgroupAnalysis:
    """Measures every slice of a table, and searches every two.

    Args:
        table: films of one split, as `predictions.read_predictions` gives it.
        threshold: at or above it a film counts as *fracture*.
        properties: by case id, see `find_subgroups`.

    Returns:
        Slices in the order of `find_subgroups`; combinations by their clearer look, see `SubgroupTest.rank`.
    """
    cases = check_scored_cases(table["label"], table["probability"], table["group"])
    single = find_subgroups(table, properties)
    chosen = [(each,) for each in single] + _pairs(single)
    members = [np.logical_and.reduce([each.members for each in part]) for part in chosen]
    wrong = is_flagged(cases.probability, threshold) != (cases.label == 1)
    found = _run_tests(cases, wrong, np.array(members, np.bool_).reshape(len(chosen), len(cases)))
    compared = [at for at in range(len(single), len(chosen)) if (at, 0) in found or (at, 1) in found]
    clearest = sorted(
        compared,
        key=lambda at: min(found[at, label].rank for label in (0, 1) if (at, label) in found),
    )
    parts = {
        at: SubgroupResult(
            chosen[at],
            summarise(
                cases.label[members[at]],
                cases.probability[members[at]],
                cases.group[members[at]],
                threshold,
            ),
            found.get((at, 1)),
            found.get((at, 0)),
        )
        for at in [*range(len(single)), *clearest[:MAX_PAIRS]]
    }
    return SubgroupAnalysis(
        tuple(parts[at] for at in range(len(single))),
        tuple(parts[at] for at in clearest[:MAX_PAIRS]),
        len(found),
        len(clearest),
        threshold,
    )


def _pairs(single: Sequence[Subgroup]) -> list[tuple[Subgroup, ...]]:
    """Slices of two properties that share films, unless one hardly narrows the other."""
    found: list[tuple[Subgroup, ...]] = []
    for first, second in combinations(single, 2):
        both = int((first.members & second.members).sum())
        if first.property != second.property and 0 < both <= _MAX_PAIR_SHARE * min(
            first.members.sum(), second.members.sum()
        ):
            found.append((first, second))
    return found


def _run_tests(
    cases: ScoredCases, wrong: NDArray[np.bool_], members: NDArray[np.bool_]
) -> dict[tuple[int, int], SubgroupTest]:
    """Every comparison that has films enough, by place of the slice and label of the films."""
    counts = {label: (members & (cases.label == label)).sum(axis=1) for label in (1, 0)}
    asked = {
        label: np.flatnonzero((inside >= MIN_IMAGES) & ((cases.label == label).sum() - inside >= MIN_IMAGES))
        for label, inside in counts.items()
    }
    looks = sum(map(len, asked.values()))
    if not looks:
        return {}
    draws = max(_DRAWS, _DRAWS_PER_TEST * looks)
    keys, shares, p = [], [], []
    for label, places in asked.items():
        rows = cases.label == label
        inside, errors = members[places][:, rows], wrong[rows]
        keys += [(int(at), label) for at in places]
        shares += [(float(errors[part].mean()), float(errors[~part].mean())) for part in inside]
        if len(places):
            p += block_permutation_test(inside, errors, cases.group[rows], draws).tolist()
    adjusted = multipletests(p, alpha=SIGNIFICANCE_LEVEL, method="holm")[1].tolist()
    return {
        key: SubgroupTest(*share, alone, after)
        for key, share, alone, after in zip(keys, shares, p, adjusted, strict=True)
    }
