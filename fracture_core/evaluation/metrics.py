"""Performance summary of a set of scored cases: discrimination, decisions and calibration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from fracture_core.errors import DataError
from fracture_core.evaluation.auc import auc_interval
from fracture_core.evaluation.bootstrap import bootstrap_intervals
from fracture_core.evaluation.confusion import Confusion, count_confusion, is_flagged
from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.evaluation.reliability import expected_calibration_error
from fracture_core.evaluation.scored_cases import ScoredCases, check_scored_cases
from fracture_core.io.json_record import Count, JsonRecord, MeasuredNumber
from fracture_core.vocabulary import REGIONS

if TYPE_CHECKING:
    import pandas as pd

#: Display names of the metrics with an interval, in display order.
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
class Summary(JsonRecord):
    """Performance metrics of a set of cases.

    The intervals account for groups. AUC: logit interval with Obuchowski's clustered variance. Sensitivity,
    specificity, predictive values and accuracy: clustered Wilson interval. Balanced accuracy, F1 and MCC: cluster
    bootstrap.

    Attributes:
        n: Number of cases.
        positives: Number of cases with a fracture.
        groups: Number of groups.
        threshold: Decision threshold; see `confusion.is_flagged`.
        confusion: Confusion counts at the threshold.
        auc: Area under the ROC curve, 0–1.
        sensitivity: Share of fractures that were flagged.
        specificity: Share of cases without a fracture that were not flagged.
        precision: Positive predictive value: share of fractures among the flagged cases.
        npv: Negative predictive value: share of cases without a fracture among those not flagged.
        accuracy: Share of correct decisions.
        balanced_accuracy: Mean of sensitivity and specificity.
        f1: Harmonic mean of precision and sensitivity.
        mcc: Matthews correlation coefficient, −1 to 1.
        ece: Expected calibration error over ten equal-mass bins, 0–1.
        brier: Brier score: mean squared difference of probability and label, 0–1.
    """

    n: Count
    positives: Count
    groups: Count
    threshold: MeasuredNumber
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
    ece: MeasuredNumber
    brier: MeasuredNumber

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each metric of `METRIC_TITLES`, with the columns metric, value, low, high, n and text."""
        import pandas as pd

        rows = [(title, getattr(self, name)) for name, title in METRIC_TITLES.items()]
        return pd.DataFrame(
            [(title, one.value, one.low, one.high, one.n, one.text()) for title, one in rows],
            columns=["metric", "value", "low", "high", "n", "text"],
        )


def summarise(label: ArrayLike, probability: ArrayLike, group: ArrayLike | None, threshold: float) -> Summary:
    """Compute all metrics of a set of cases.

    A metric that is undefined (no cases, or a missing class) is an `Interval` without a value, not an error.

    Args:
        label: 0 or 1, shape (n,).
        probability: Calibrated probability of a fracture, 0–1, shape (n,).
        group: Group ids (patient or study), shape (n,), or None; see `scored_cases.check_scored_cases`.
        threshold: Decision threshold; see `confusion.is_flagged`.

    Returns:
        The metrics.

    Raises:
        DataError: Labels, probabilities or groups are invalid.

    Example:
        >>> summary = summarise([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], group=None, threshold=0.5)
        >>> summary.auc.value, summary.sensitivity.value
        (0.75, 0.5)
    """
    return _measure(check_scored_cases(label, probability, group), threshold)


def summarise_by_region(
    label: ArrayLike,
    probability: ArrayLike,
    group: ArrayLike | None,
    regions: Sequence[str] | Sequence[Iterable[str]],
    threshold: float,
) -> dict[str, Summary]:
    """Compute all metrics for each body region.

    Args:
        label: 0 or 1, shape (n,).
        probability: Calibrated probability of a fracture, 0–1, shape (n,).
        group: Group ids, shape (n,), or None.
        regions: Regions of each case, as a space-separated string or a list. A case with several regions counts for
            each of them, a case without a region for none.
        threshold: Decision threshold; see `confusion.is_flagged`.

    Returns:
        Summaries by region: first the regions of `vocabulary.REGIONS`, in that order, then others by name.

    Raises:
        DataError: Labels, probabilities, groups or regions are invalid.
    """
    cases = check_scored_cases(label, probability, group)
    return {name: _measure(subset, threshold) for name, subset in split_by_region(cases, regions)}


def split_by_region(
    cases: ScoredCases, regions: Sequence[str] | Sequence[Iterable[str]]
) -> Iterator[tuple[str, ScoredCases]]:
    """Iterate over the body regions and their cases.

    Args:
        cases: The cases.
        regions: Regions of each case; see `summarise_by_region`.

    Yields:
        Region and its cases, in the order of `summarise_by_region`.

    Raises:
        DataError: There are not as many entries in `regions` as cases.
    """
    names_of_case = [set(names.split()) if isinstance(names, str) else set(names) for names in regions]
    if len(names_of_case) != len(cases):
        raise DataError(
            f"Expected regions for each of {len(cases)} cases, got {len(names_of_case)}: "
            "use an empty string for an unknown region."
        )
    present = set().union(*names_of_case)
    for region in [name for name in REGIONS if name in present] + sorted(present.difference(REGIONS)):
        yield region, cases.subset(np.array([region in names for names in names_of_case]))


def _measure(cases: ScoredCases, threshold: float) -> Summary:
    positive = cases.label == 1
    flagged = is_flagged(cases.probability, threshold)
    correct = positive == flagged
    return Summary(
        n=len(cases),
        positives=int(positive.sum()),
        groups=len(np.unique(cases.group)),
        threshold=float(threshold),
        confusion=count_confusion(cases.label, cases.probability, threshold),
        auc=auc_interval(cases),
        sensitivity=proportion_interval(correct[positive], cases.group[positive]),
        specificity=proportion_interval(correct[~positive], cases.group[~positive]),
        precision=proportion_interval(correct[flagged], cases.group[flagged]),
        npv=proportion_interval(correct[~flagged], cases.group[~flagged]),
        accuracy=proportion_interval(correct, cases.group),
        **bootstrap_intervals(cases, threshold),
        ece=expected_calibration_error(cases),
        brier=_brier(cases),
    )


def _brier(cases: ScoredCases) -> float:
    """Brier score; nan without cases."""
    if not len(cases):
        return float("nan")
    from sklearn.metrics import brier_score_loss

    return float(brier_score_loss(cases.label, cases.probability, labels=[0, 1]))
