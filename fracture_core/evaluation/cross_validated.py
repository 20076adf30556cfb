"""Calibration, thresholds and record from out-of-fold predictions.

Every development film is predicted by a network that was not trained on it, so all of them serve for calibration and
thresholds. How far the thresholds depend on these particular films is measured on bootstrap draws of groups: thresholds
chosen on a draw are applied to the films outside it (Efron and Tibshirani 1993, *An Introduction to the Bootstrap*,
chapter 17).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from fracture_core.errors import DataError
from fracture_core.evaluation.calibration import PlattCalibration
from fracture_core.evaluation.coverage import VerdictCoverage, coverage_of_predictions
from fracture_core.evaluation.interval import CONFIDENCE_LEVEL, Interval
from fracture_core.evaluation.metrics import Summary, summarise, summarise_by_region
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.evaluation.thresholds import Thresholds

#: What is measured with thresholds of other films, by name of the field: see `_outside`.
STABILITY = ("sensitivity", "specificity", "uncertain", "fractured_not_seen", "fractured_suspected")

_DRAWS = 1000

# A draw must leave so many films with and without a fracture outside.
_FEWEST = 5


@dataclass(frozen=True)
class CrossValidated:
    """The record of a cross-validation.

    Attributes:
        calibration: from the out-of-fold logit to the probability.
        thresholds: of the three verdicts, chosen on all films.
        summary: all films.
        regions: by body region.
        without_hardware: films without metal of an operation; None where the data set does not say.
        coverage: the three verdicts, by region, "" for all films.
        pointing: share of the films with boxes whose heatmap peak lies in a box; None without boxes.
        stability: what thresholds chosen on other films reach: mean and 95% percentile interval over bootstrap draws.
            `sensitivity`: fractured films that do not get *no fracture seen*; `specificity`: other films that do not
            get *fracture suspected*; `uncertain`: share of films; `fractured_not_seen` and `fractured_suspected`:
            fractured share of the films with that verdict.
    """

    calibration: PlattCalibration
    thresholds: Thresholds
    summary: Summary
    regions: dict[str, Summary]
    without_hardware: Summary | None
    coverage: dict[str, VerdictCoverage]
    pointing: Interval | None
    stability: dict[str, Interval]

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        return {
            "calibration": self.calibration.to_json(),
            "thresholds": self.thresholds.to_json(),
            "summary": self.summary.to_json(),
            "regions": {name: summary.to_json() for name, summary in self.regions.items()},
            "without_hardware": self.without_hardware.to_json() if self.without_hardware else None,
            "coverage": {name: coverage.to_json() for name, coverage in self.coverage.items()},
            "pointing": self.pointing.to_json() if self.pointing else None,
            "stability": {name: interval.to_json() for name, interval in self.stability.items()},
        }


def average_logits(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Averages the out-of-fold logits of several cross-validations of the same films.

    With several tables the logits of each are first divided by their standard deviation, so that no model counts more
    because its logits are larger. The logits of a single table stay as they are.

    Args:
        tables: as `training.out_of_fold.read_folds` gives them.

    Returns:
        The first table with averaged logits; where there is more than one, without the columns of the peak.

    Raises:
        DataError: there is no table, or they hold different films.
    """
    if not tables or any(table.empty for table in tables):
        raise DataError("There are no out-of-fold predictions: train at least one fold first.")
    first = tables[0].sort_values("id", ignore_index=True)
    logits = []
    for table in tables:
        ordered = table.sort_values("id", ignore_index=True)
        if list(ordered["id"]) != list(first["id"]):
            raise DataError(
                "The cross-validations hold different films: choose folders of the same films and folds."
            )
        logits.append(ordered["logit"] / ordered["logit"].std())
    if len(tables) == 1:
        return first
    peaks = [name for name in first.columns if str(name).startswith("peak_")]
    return first.drop(columns=peaks).assign(logit=np.mean(logits, axis=0))


def assess(table: pd.DataFrame, draws: int = _DRAWS, seed: int = 0) -> CrossValidated:
    """Calibrates, chooses thresholds and measures.

    Args:
        table: out-of-fold predictions with the columns label, logit, group, regions and, where known, hardware and
            peak_in_box; see `training.out_of_fold.predict_held_out`.
        draws: number of bootstrap draws.
        seed: seed of the draws.

    Returns:
        The record.

    Raises:
        DataError: a class is missing, or the logits do not rise with the labels.
    """
    calibration = PlattCalibration.fit(table["logit"], table["label"])
    table = table.assign(probability=calibration.apply(table["logit"]))
    label, probability, group = table["label"], table["probability"], table["group"]
    thresholds = Thresholds.choose(label, probability)
    return CrossValidated(
        calibration,
        thresholds,
        summarise(label, probability, group, thresholds.balanced),
        summarise_by_region(label, probability, group, list(table["regions"]), thresholds.balanced),
        _without_hardware(table, thresholds),
        coverage_of_predictions(table, thresholds),
        _pointing(table),
        _stability(table, draws, seed),
    )


def _without_hardware(table: pd.DataFrame, thresholds: Thresholds) -> Summary | None:
    known = table[table["hardware"].astype(str).isin(["0", "0.0"])] if "hardware" in table else table[:0]
    if known.empty:
        return None
    return summarise(known["label"], known["probability"], known["group"], thresholds.balanced)


def _pointing(table: pd.DataFrame) -> Interval | None:
    if "peak_in_box" not in table:
        return None
    inside = pd.to_numeric(table["peak_in_box"], errors="coerce")
    marked = inside.notna()
    if not marked.any():
        return None
    return proportion_interval(inside[marked].to_numpy(), pd.factorize(table.loc[marked, "group"])[0])


def _stability(table: pd.DataFrame, draws: int, seed: int) -> dict[str, Interval]:
    label = table["label"].to_numpy()
    # Thresholds follow the order of the films alone, so the calibration need not be fitted again.
    score = expit(table["logit"].to_numpy())
    group = pd.factorize(table["group"])[0]
    count = int(group.max()) + 1
    members = [np.flatnonzero(group == one) for one in range(count)]
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        drawn = rng.integers(0, count, count)
        inside = np.concatenate([members[one] for one in drawn])
        outside = np.flatnonzero(~np.isin(group, drawn))
        if min(np.bincount(label[outside], minlength=2)) < _FEWEST or len(np.unique(label[inside])) < 2:
            continue
        found.append(
            _outside(label[outside], score[outside], Thresholds.choose(label[inside], score[inside]))
        )
    if not found:
        return {name: Interval.unknown(len(table)) for name in STABILITY}
    return {
        name: _percentile_interval(column, len(table))
        for name, column in zip(STABILITY, np.array(found).T, strict=True)
    }


def _percentile_interval(draws: np.ndarray, n: int) -> Interval:
    """Mean and percentile interval of bootstrap draws; draws that are nan are left out."""
    known = draws[~np.isnan(draws)]
    if not len(known):
        return Interval.unknown(n)
    low, high = np.percentile(known, (50 * (1 - CONFIDENCE_LEVEL), 50 * (1 + CONFIDENCE_LEVEL)))
    return Interval(float(known.mean()), float(low), float(high), n)


def _outside(label: np.ndarray, score: np.ndarray, thresholds: Thresholds) -> tuple[float, ...]:
    """What thresholds reach on films on which they were not chosen, in the order of `STABILITY`.

    A share of no films is nan.
    """
    not_seen, suspected = score < thresholds.low, score >= thresholds.high
    return (
        1 - not_seen[label == 1].mean(),
        1 - suspected[label == 0].mean(),
        1 - (not_seen | suspected).mean(),
        label[not_seen].mean() if not_seen.any() else np.nan,
        label[suspected].mean() if suspected.any() else np.nan,
    )
