"""Summary: everything measured on a set of scored cases, as card, command line and page show it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fracture_core.errors import DataError
from fracture_core.evaluation.auc import auc_interval
from fracture_core.evaluation.bootstrap import bootstrap_intervals
from fracture_core.evaluation.confusion import Confusion, count_confusion, is_flagged
from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.json_values import number_from_json, number_to_json, require_keys
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.evaluation.reliability import expected_calibration_error
from fracture_core.evaluation.scored_cases import ScoredCases, check_scored_cases
from fracture_core.vocabulary import REGIONS

#: Names of the measurements with an interval, as users read them, in the order they are shown.
METRIC_TITLES = {
    "auc": "AUC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "precision": "Precision (PPV)",
    "npv": "NPV",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "f1": "F1",
    "mcc": "MCC",
}


@dataclass(frozen=True)
class Summary:
    """What was measured on a set of cases.

    Attributes:
        n: cases.
        positives: cases with a fracture.
        groups: groups of cases that belong together.
        threshold: at or above it a case counted as *fracture*.
        confusion: counts at the threshold.
        auc: area under the ROC curve; Obuchowski's clustered variance, logit interval.
        sensitivity: share of fractures that were flagged; this and the next four: clustered Wilson interval.
        specificity: share of other cases that were not flagged.
        precision: share of flagged cases with a fracture (positive predictive value).
        npv: share of cases not flagged without a fracture (negative predictive value).
        accuracy: share of right decisions.
        balanced_accuracy: mean of sensitivity and specificity; this and the next two: clustered bootstrap.
        f1: harmonic mean of precision and sensitivity.
        mcc: Matthews' correlation, −1 to 1.
        ece: expected calibration error over ten equal-mass bins, 0–1.
        brier: mean squared distance of probability and label, 0–1.
    """

    n: int
    positives: int
    groups: int
    threshold: float
    confusion: Confusion
    auc: Interval
    sensitivity: Interval
    specificity: Interval
    precision: Interval
    npv: Interval
    accuracy: Interval
    balanced_accuracy: Interval
    f1: Interval
    mcc: Interval
    ece: float
    brier: float

    def to_frame(self) -> pd.DataFrame:
        """A row for each measurement with an interval; columns metric, value, low, high, n, text."""
        rows = [(title, getattr(self, name)) for name, title in METRIC_TITLES.items()]
        return pd.DataFrame(
            [(title, found.value, found.low, found.high, found.n, found.text()) for title, found in rows],
            columns=["metric", "value", "low", "high", "n", "text"],
        )

    def to_json(self) -> dict[str, Any]:
        """The summary as plain JSON values; nan becomes null."""
        payload: dict[str, Any] = {}
        for field in fields(self):
            found = getattr(self, field.name)
            if isinstance(found, Interval | Confusion):
                payload[field.name] = found.to_json()
            else:
                payload[field.name] = number_to_json(found) if isinstance(found, float) else found
        return payload

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "Summary":
        """The summary written by `rows_to_json`.

        Raises:
            DataError: a measurement is missing or no number.
        """
        require_keys(payload, cls)
        counts = {name: int(number_from_json(payload, name)) for name in ("n", "positives", "groups")}
        plain = {name: number_from_json(payload, name) for name in ("threshold", "ece", "brier")}
        measured = {name: Interval.from_json(payload[name]) for name in METRIC_TITLES}
        found: dict[str, Any] = {**counts, **plain, **measured}
        return cls(confusion=Confusion.from_json(payload["confusion"]), **found)


def summarise(label: ArrayLike, probability: ArrayLike, group: ArrayLike | None, threshold: float) -> Summary:
    """Measures a set of cases.

    What cannot be measured (no cases, a missing class) is an `Interval` without a value, never an error.

    Args:
        label: 0 or 1, shape (n,).
        probability: calibrated, of *fracture*, 0–1, shape (n,).
        group: ids of what belongs together (patient, study), shape (n,); empty ids and None mean single
            cases.
        threshold: at or above it a case counts as *fracture*.

    Raises:
        DataError: labels, probabilities and groups do not fit together.
    """
    return _measure(check_scored_cases(label, probability, group), threshold)


def summarise_by_region(
    label: ArrayLike,
    probability: ArrayLike,
    group: ArrayLike | None,
    regions: Sequence[str] | Sequence[Iterable[str]],
    threshold: float,
) -> dict[str, Summary]:
    """Measures each body region apart.

    Args:
        label: 0 or 1, shape (n,).
        probability: calibrated, of *fracture*, 0–1, shape (n,).
        group: ids of what belongs together, shape (n,), or None.
        regions: of each case, space separated or as a list. A case with several regions counts in each of
            them, one without in none.
        threshold: at or above it a case counts as *fracture*.

    Returns:
        Summaries by region: those of `vocabulary.REGIONS` first, in that order, then others by name.

    Raises:
        DataError: labels, probabilities, groups and regions do not fit together.
    """
    cases = check_scored_cases(label, probability, group)
    return {name: _measure(part, threshold) for name, part in split_by_region(cases, regions)}


def split_by_region(
    cases: ScoredCases, regions: Sequence[str] | Sequence[Iterable[str]]
) -> Iterator[tuple[str, ScoredCases]]:
    """The cases of each region apart, in the order that `summarise_by_region` describes.

    Raises:
        DataError: there are not as many regions as cases.
    """
    named = [set(found.split()) if isinstance(found, str) else set(found) for found in regions]
    if len(named) != len(cases):
        raise DataError(
            f"Expected regions for each of {len(cases)} cases, got {len(named)}: "
            "give an empty text where the region is unknown."
        )
    found = set().union(*named)
    for name in [name for name in REGIONS if name in found] + sorted(found.difference(REGIONS)):
        yield name, cases.subset(np.array([name in names for names in named]))


def _measure(cases: ScoredCases, threshold: float) -> Summary:
    """The summary of checked cases."""
    positive = cases.label == 1
    called = is_flagged(cases.probability, threshold)
    right = positive == called
    return Summary(
        n=len(cases),
        positives=int(positive.sum()),
        groups=len(np.unique(cases.group)),
        threshold=float(threshold),
        confusion=count_confusion(cases.label, cases.probability, threshold),
        auc=auc_interval(cases),
        sensitivity=proportion_interval(right[positive], cases.group[positive]),
        specificity=proportion_interval(right[~positive], cases.group[~positive]),
        precision=proportion_interval(right[called], cases.group[called]),
        npv=proportion_interval(right[~called], cases.group[~called]),
        accuracy=proportion_interval(right, cases.group),
        **bootstrap_intervals(cases, threshold),
        ece=expected_calibration_error(cases),
        brier=_brier(cases),
    )


def _brier(cases: ScoredCases) -> float:
    """Mean squared distance of probability and label; nan without cases."""
    if not len(cases):
        return float("nan")
    from sklearn.metrics import brier_score_loss

    return float(brier_score_loss(cases.label, cases.probability, labels=[0, 1]))
