"""Error cases: which decisions were wrong, how far, and how to list them."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit

from fracture_core.errors import DataError
from fracture_core.evaluation.confusion import is_flagged
from fracture_core.evaluation.scored_cases import check_scored_cases

MISSED = "missed fracture"
FALSE_ALARM = "false alarm"
CORRECT = "correct"

#: What a decision can be.
ERROR_KINDS = (MISSED, FALSE_ALARM, CORRECT)


def classify_decisions(label: ArrayLike, probability: ArrayLike, threshold: float) -> NDArray[np.object_]:
    """What each decision was.

    Args:
        label: 0 or 1, shape (n,).
        probability: of *fracture*, 0–1, shape (n,).
        threshold: at or above it a case counts as *fracture*.

    Returns:
        One of `ERROR_KINDS` for each case, shape (n,), dtype object.

    Raises:
        DataError: labels or probabilities are not what they should be.
    """
    cases = check_scored_cases(label, probability)
    called = is_flagged(cases.probability, threshold)
    wrong = np.where(called, FALSE_ALARM, MISSED).astype(object)
    return np.where(called == (cases.label == 1), CORRECT, wrong).astype(object)


def decision_confidence(probability: ArrayLike, threshold: float) -> NDArray[np.float64]:
    """How far each decision lies from the threshold, in log-odds.

    Log-odds make a missed fracture at 2% and a false alarm at 90% comparable where the threshold is 20%.

    Args:
        probability: of *fracture*, 0–1, shape (n,).
        threshold: 0–1.
    """
    ends = (1e-6, 1 - 1e-6)  # the resolution of predictions.csv near 1
    values = np.clip(np.asarray(probability, dtype=np.float64), *ends)
    return np.abs(logit(values) - logit(np.clip(threshold, *ends)))


def add_error_columns(frame: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """The table of predictions with the columns `kind` (one of `ERROR_KINDS`) and `decision_confidence` (log-odds).

    Args:
        frame: a table as `predictions.read_predictions` gives it.
        threshold: at or above it a case counts as *fracture*.
    """
    return frame.assign(
        kind=classify_decisions(frame["label"], frame["probability"], threshold),
        confidence=decision_confidence(frame["probability"], threshold),
    )


def list_errors(
    frame: pd.DataFrame,
    threshold: float,
    kind: str | None = None,
    region: str | None = None,
    split: str | None = None,
) -> pd.DataFrame:
    """The cases of one kind, the most confident decision first.

    Args:
        frame: a table as `predictions.read_predictions` gives it.
        threshold: at or above it a case counts as *fracture*.
        kind: one of `ERROR_KINDS`; None lists missed fractures and false alarms together.
        region: only cases of this region; None for all.
        split: only cases of this split; None for all.

    Returns:
        The rows with the columns of `add_error_columns`; equal confidence is listed by id.

    Raises:
        DataError: the kind is unknown.
    """
    if kind is not None and kind not in ERROR_KINDS:
        raise DataError(f"Expected one of {', '.join(ERROR_KINDS)}, got {kind!r}: choose one of these.")
    table = add_error_columns(frame, threshold)
    keep = table["kind"] != CORRECT if kind is None else table["kind"] == kind
    if region is not None:
        keep &= has_region(table, region)
    if split is not None:
        keep &= table["split"] == split
    return table[keep].sort_values(["confidence", "id"], ascending=[False, True]).reset_index(drop=True)


def has_region(frame: pd.DataFrame, region: str) -> pd.Series:
    """Whether each case shows the region, by its whole name."""
    return frame["regions"].str.split().map(lambda names: region in names).astype(bool)
