"""Calibration, thresholds and performance from out-of-fold predictions of a cross-validation.

Each image is predicted by a network that was not trained on it, so all images can be used for calibration and
thresholds. The stability of the thresholds is measured by an out-of-bag bootstrap over groups: thresholds chosen on a
resample are applied to the images outside it.

Source: B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall 1993, chapter 17.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from fracture_core.errors import DataError
from fracture_core.evaluation.calibration import PlattCalibration
from fracture_core.evaluation.coverage import VerdictCoverage, coverage_of_predictions
from fracture_core.evaluation.interval import CONFIDENCE_LEVEL, Interval
from fracture_core.evaluation.metrics import Summary, summarise, summarise_by_region
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.evaluation.thresholds import Thresholds

#: Out-of-bag measures of the thresholds, in the order of `_out_of_bag_measures`.
STABILITY = ("sensitivity", "specificity", "uncertain", "fractured_not_seen", "fractured_suspected")

_DRAWS = 1000

# Images of each class that must be outside a resample.
_MIN_OUT_OF_BAG = 5


@dataclass(frozen=True)
class CrossValidated:
    """Results of a cross-validation.

    Attributes:
        calibration: Calibration fitted on the out-of-fold logits.
        thresholds: Thresholds of the three verdicts, chosen on all images.
        summary: Performance on all images.
        regions: Performance by body region.
        without_hardware: Performance on images without surgical hardware; None if the dataset does not record it.
        coverage: Coverage of the verdicts by region; the key "" holds that of all images.
        pointing: Share of the images with bounding boxes whose heatmap peak is inside a box; None without boxes.
        stability: Performance of thresholds on images that were not used to choose them: mean and 95% percentile
            interval over bootstrap resamples. `sensitivity`: share of fractures without the verdict *no fracture
            seen*. `specificity`: share of other images without the verdict *fracture suspected*. `uncertain`: share
            of images with that verdict. `fractured_not_seen` and `fractured_suspected`: share of fractures among the
            images with that verdict.
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
        """Return the results as JSON values."""
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
    """Average the out-of-fold logits of several cross-validations of the same images.

    With several tables, the logits of each are divided by their standard deviation first. All models then have the
    same weight. The logits of a single table are not changed.

    Args:
        tables: Tables as returned by `training.out_of_fold.read_folds`.

    Returns:
        The first table with averaged logits. If there are several tables, the columns of the heatmap peak are removed.

    Raises:
        DataError: There is no table, or the tables contain different images.
    """
    if not tables or any(table.empty for table in tables):
        raise DataError("There are no out-of-fold predictions: train at least one fold first.")
    first = tables[0].sort_values("id", ignore_index=True)
    logits = []
    for table in tables:
        ordered = table.sort_values("id", ignore_index=True)
        if list(ordered["id"]) != list(first["id"]):
            raise DataError(
                "The cross-validations contain different images: choose folders with the same images and folds."
            )
        logits.append(ordered["logit"] / ordered["logit"].std())
    if len(tables) == 1:
        return first
    peaks = [name for name in first.columns if str(name).startswith("peak_")]
    return first.drop(columns=peaks).assign(logit=np.mean(logits, axis=0))


def assess(table: pd.DataFrame, draws: int = _DRAWS, seed: int = 0) -> CrossValidated:
    """Calibrate, choose thresholds and measure performance on out-of-fold predictions.

    Args:
        table: Out-of-fold predictions with the columns label, logit, group, regions and optionally hardware and
            peak_in_box; see `training.out_of_fold.predict_held_out`.
        draws: Number of bootstrap resamples.
        seed: Seed of the resamples.

    Returns:
        The results.

    Raises:
        DataError: A class is missing, or the logits do not rise with the labels.
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
        _threshold_stability(table, draws, seed),
    )


def _without_hardware(table: pd.DataFrame, thresholds: Thresholds) -> Summary | None:
    images = table[table["hardware"].astype(str).isin(["0", "0.0"])] if "hardware" in table else table[:0]
    if images.empty:
        return None
    return summarise(images["label"], images["probability"], images["group"], thresholds.balanced)


def _pointing(table: pd.DataFrame) -> Interval | None:
    if "peak_in_box" not in table:
        return None
    in_box = pd.to_numeric(table["peak_in_box"], errors="coerce")
    has_boxes = in_box.notna()
    if not has_boxes.any():
        return None
    return proportion_interval(in_box[has_boxes].to_numpy(), pd.factorize(table.loc[has_boxes, "group"])[0])


def _threshold_stability(table: pd.DataFrame, draws: int, seed: int) -> dict[str, Interval]:
    """Mean and percentile interval of each measure of `STABILITY` over bootstrap resamples of the groups."""
    label = table["label"].to_numpy()
    # Thresholds depend only on the ranking of the images, so the calibration is not fitted again.
    score = expit(table["logit"].to_numpy())
    group = pd.factorize(table["group"])[0]
    count = int(group.max()) + 1
    members = [np.flatnonzero(group == one) for one in range(count)]
    rng = np.random.default_rng(seed)
    measures = []
    for _ in range(draws):
        drawn = rng.integers(0, count, count)
        inside = np.concatenate([members[one] for one in drawn])
        outside = np.flatnonzero(~np.isin(group, drawn))
        if (
            min(np.bincount(label[outside], minlength=2)) < _MIN_OUT_OF_BAG
            or len(np.unique(label[inside])) < 2
        ):
            continue
        thresholds = Thresholds.choose(label[inside], score[inside])
        measures.append(_out_of_bag_measures(label[outside], score[outside], thresholds))
    if not measures:
        return {name: Interval.unknown(len(table)) for name in STABILITY}
    return {
        name: _percentile_interval(column, len(table))
        for name, column in zip(STABILITY, np.array(measures).T, strict=True)
    }


def _percentile_interval(draws: NDArray[np.float64], n: int) -> Interval:
    """Mean and percentile interval of bootstrap draws; nan is ignored."""
    valid = draws[~np.isnan(draws)]
    if not len(valid):
        return Interval.unknown(n)
    low, high = np.percentile(valid, (50 * (1 - CONFIDENCE_LEVEL), 50 * (1 + CONFIDENCE_LEVEL)))
    return Interval(float(valid.mean()), float(low), float(high), n)


def _out_of_bag_measures(
    label: NDArray[np.int64], score: NDArray[np.float64], thresholds: Thresholds
) -> tuple[float, ...]:
    """Measures of `STABILITY` on images outside the resample; nan if a verdict was not given."""
    not_seen, suspected = score < thresholds.low, score >= thresholds.high
    return (
        1 - not_seen[label == 1].mean(),
        1 - suspected[label == 0].mean(),
        1 - (not_seen | suspected).mean(),
        label[not_seen].mean() if not_seen.any() else np.nan,
        label[suspected].mean() if suspected.any() else np.nan,
    )
