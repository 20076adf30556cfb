"""Coverage: how often each of the three verdicts is given, and the share of fractures among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.metrics import split_by_region
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.evaluation.scored_cases import ScoredCases, check_scored_cases
from fracture_core.evaluation.thresholds import VERDICTS, Thresholds, verdict_indices
from fracture_core.vocabulary import Verdict

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class VerdictCoverage:
    """Coverage of the three verdicts, in the order of `VERDICTS`; intervals are clustered by group.

    Attributes:
        share: Share of all images that get the verdict.
        fractured: Share of fractures among the images with the verdict. For *no fracture seen* these are missed
            fractures; for *fracture suspected* it is the positive predictive value.
    """

    share: tuple[Interval, Interval, Interval]
    fractured: tuple[Interval, Interval, Interval]

    def for_verdict(self, verdict: Verdict) -> tuple[Interval, Interval]:
        """Return `share` and `fractured` of one verdict."""
        index = VERDICTS.index(verdict)
        return self.share[index], self.fractured[index]

    def to_json(self) -> dict[str, Any]:
        """Return JSON values, keyed by verdict."""
        return {
            verdict.value: {"share": share.to_json(), "fractured": fractured.to_json()}
            for verdict, share, fractured in zip(VERDICTS, self.share, self.fractured, strict=True)
        }

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> VerdictCoverage:
        """Read what `to_json` returned."""
        rows = [payload[verdict.value] for verdict in VERDICTS]
        share, fractured = ([Interval.from_json(row[key]) for row in rows] for key in ("share", "fractured"))
        return cls((share[0], share[1], share[2]), (fractured[0], fractured[1], fractured[2]))


def measure_coverage(
    label: ArrayLike, probability: ArrayLike, group: ArrayLike | None, low: float, high: float
) -> VerdictCoverage:
    """Measure the coverage of the three verdicts.

    Args:
        label: 0 or 1, shape (n,), n > 0.
        probability: Calibrated probability of a fracture, 0–1, shape (n,).
        group: Group ids, shape (n,), or None; see `scored_cases.check_scored_cases`.
        low: Lower threshold; below it the verdict is *no fracture seen*.
        high: Upper threshold; from it on the verdict is *fracture suspected*.

    Returns:
        The coverage of each verdict.

    Raises:
        DataError: Labels, probabilities or groups are invalid.
    """
    return _measure_coverage(check_scored_cases(label, probability, group), low, high)


def measure_coverage_by_region(
    label: ArrayLike,
    probability: ArrayLike,
    group: ArrayLike | None,
    regions: Sequence[str] | Sequence[Iterable[str]],
    low: float,
    high: float,
) -> dict[str, VerdictCoverage]:
    """Measure the coverage for each body region.

    Args:
        label: 0 or 1, shape (n,).
        probability: Calibrated probability of a fracture, 0–1, shape (n,).
        group: Group ids, shape (n,), or None.
        regions: Regions of each case; see `metrics.summarise_by_region`.
        low: Lower threshold of the verdicts.
        high: Upper threshold of the verdicts.

    Returns:
        The coverage by region, in the order of `metrics.summarise_by_region`.

    Raises:
        DataError: Labels, probabilities, groups or regions are invalid.
    """
    cases = check_scored_cases(label, probability, group)
    return {name: _measure_coverage(part, low, high) for name, part in split_by_region(cases, regions)}


def coverage_of_predictions(table: pd.DataFrame, thresholds: Thresholds) -> dict[str, VerdictCoverage]:
    """Measure the coverage on a table of predictions.

    Args:
        table: Predictions as returned by `predictions.read_predictions`.
        thresholds: Thresholds of the model.

    Returns:
        The coverage by region; the key "" holds that of all images.
    """
    cases = table["label"], table["probability"], table["group"]
    return {
        "": measure_coverage(*cases, thresholds.low, thresholds.high),
        **measure_coverage_by_region(*cases, list(table["regions"]), thresholds.low, thresholds.high),
    }


def _measure_coverage(cases: ScoredCases, low: float, high: float) -> VerdictCoverage:
    indices = verdict_indices(cases.probability, low, high)
    share, fractured = [], []
    for index in range(len(VERDICTS)):
        with_verdict = indices == index
        subset = cases.subset(with_verdict)
        share.append(proportion_interval(with_verdict, cases.group))
        # Some groups may have no image with this verdict, so the codes are renumbered from 0.
        groups = np.unique(subset.group, return_inverse=True)[1]
        fractured.append(proportion_interval(subset.label, groups) if len(subset) else Interval.unknown())
    return VerdictCoverage((share[0], share[1], share[2]), (fractured[0], fractured[1], fractured[2]))
