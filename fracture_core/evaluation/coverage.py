"""Coverage: how often each of the three verdicts is given, and how often it is wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.metrics import split_by_region
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.evaluation.scored_cases import ScoredCases, check_scored_cases
from fracture_core.evaluation.thresholds import VERDICTS, Thresholds, verdict_indices
from fracture_core.vocabulary import Verdict


@dataclass(frozen=True)
class VerdictCoverage:
    """The three verdicts on a set of films, in the order of `VERDICTS`, intervals clustered by group.

    Attributes:
        share: of all films that get this verdict.
        fractured: of the films that get this verdict, those with a fracture: what is missed under *no fracture seen*,
            and what is right under *fracture suspected*.
    """

    share: tuple[Interval, Interval, Interval]
    fractured: tuple[Interval, Interval, Interval]

    def for_verdict(self, verdict: Verdict) -> tuple[Interval, Interval]:
        """Share and fractured share of one verdict."""
        at = VERDICTS.index(verdict)
        return self.share[at], self.fractured[at]

    def to_json(self) -> dict[str, Any]:
        """By verdict, as plain JSON values."""
        return {
            verdict.value: {"share": share.to_json(), "fractured": fractured.to_json()}
            for verdict, share, fractured in zip(VERDICTS, self.share, self.fractured, strict=True)
        }

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "VerdictCoverage":
        """The coverage written by `rows_to_json`."""
        rows = [payload[verdict.value] for verdict in VERDICTS]
        share, fractured = ([Interval.from_json(row[key]) for row in rows] for key in ("share", "fractured"))
        return cls((share[0], share[1], share[2]), (fractured[0], fractured[1], fractured[2]))


def measure_coverage(
    label: ArrayLike, probability: ArrayLike, group: ArrayLike | None, low: float, high: float
) -> VerdictCoverage:
    """Measures the verdicts.

    Args:
        label: 0 or 1, shape (n,), n > 0.
        probability: calibrated, of *fracture*, 0–1, shape (n,).
        group: ids of what belongs together, shape (n,), or None.
        low: below it: no fracture seen.
        high: at or above it: fracture suspected.

    Raises:
        DataError: labels, probabilities and groups do not fit together.
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
    """Measures the verdicts on each body region apart; see `metrics.summarise_by_region` for the regions."""
    cases = check_scored_cases(label, probability, group)
    return {name: _measure_coverage(part, low, high) for name, part in split_by_region(cases, regions)}


def coverage_of_predictions(table: pd.DataFrame, thresholds: Thresholds) -> dict[str, VerdictCoverage]:
    """Measures the verdicts on a table of predictions, by region, "" for all of it.

    Args:
        table: as `predictions.read_predictions` gives it.
        thresholds: of the model.
    """
    films = table["label"], table["probability"], table["group"]
    return {
        "": measure_coverage(*films, thresholds.low, thresholds.high),
        **measure_coverage_by_region(*films, list(table["regions"]), thresholds.low, thresholds.high),
    }


def _measure_coverage(cases: ScoredCases, low: float, high: float) -> VerdictCoverage:
    code = verdict_indices(cases.probability, low, high)
    share, fractured = [], []
    for at in range(len(VERDICTS)):
        given = code == at
        part = cases.subset(given)
        share.append(proportion_interval(given, cases.group))
        # Groups are numbered from 0 again, for some of them have no film with this verdict.
        groups = np.unique(part.group, return_inverse=True)[1]
        fractured.append(proportion_interval(part.label, groups) if len(part) else Interval.unknown())
    return VerdictCoverage((share[0], share[1], share[2]), (fractured[0], fractured[1], fractured[2]))
