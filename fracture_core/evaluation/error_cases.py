"""Error cases: classifies decisions as right or wrong and lists the wrong ones by confidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fracture_core.errors import DataError
from fracture_core.evaluation.confusion import is_flagged
from fracture_core.evaluation.scored_cases import check_scored_cases

if TYPE_CHECKING:
    import pandas as pd

MISSED = "missed fracture"
FALSE_ALARM = "false alarm"
CORRECT = "correct"

#: Outcomes of a decision, the values of the column `kind`.
ERROR_KINDS = (MISSED, FALSE_ALARM, CORRECT)


def classify_decisions(label: ArrayLike, probability: ArrayLike, threshold: float) -> NDArray[np.object_]:
    """Classify each decision as a missed fracture, a false alarm or correct.

    Args:
        label: 0 or 1, shape (n,).
        probability: Probability of a fracture, 0–1, shape (n,).
        threshold: Decision threshold; see `confusion.is_flagged`.

    Returns:
        One of `ERROR_KINDS` for each case, shape (n,), dtype object.

    Raises:
        DataError: Labels or probabilities are invalid.
    """
    cases = check_scored_cases(label, probability)
    flagged = is_flagged(cases.probability, threshold)
    error = np.where(flagged, FALSE_ALARM, MISSED).astype(object)
    return np.where(flagged == (cases.label == 1), CORRECT, error).astype(object)


def decision_confidence(probability: ArrayLike, threshold: float) -> NDArray[np.float64]:
    """Compute the distance of each probability from the threshold in log-odds.

    On the log-odds scale, missed fractures and false alarms are comparable at any threshold.

    Args:
        probability: Probability of a fracture, 0–1, shape (n,).
        threshold: Decision threshold, 0–1.

    Returns:
        Distances in log-odds, 0 or more, shape (n,).
    """
    limits = (1e-6, 1 - 1e-6)  # the resolution of predictions.csv near 1
    values = np.clip(np.asarray(probability, dtype=np.float64), *limits)
    distance: NDArray[np.float64] = np.abs(
        scipy.special.logit(values) - scipy.special.logit(np.clip(threshold, *limits))
    )
    return distance


def add_error_columns(frame: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Add the columns `kind` (one of `ERROR_KINDS`) and `confidence` (log-odds) to a table of predictions.

    Args:
        frame: Predictions as returned by `predictions.read_predictions`.
        threshold: Decision threshold; see `confusion.is_flagged`.

    Returns:
        A copy of the table with both columns.
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
    """List cases by the outcome of the decision, the most confident decision first.

    Args:
        frame: Predictions as returned by `predictions.read_predictions`.
        threshold: Decision threshold; see `confusion.is_flagged`.
        kind: One of `ERROR_KINDS`; None lists missed fractures and false alarms together.
        region: Only cases of this body region; None for all.
        split: Only cases of this split; None for all.

    Returns:
        The selected rows with the columns of `add_error_columns`. Ties in confidence are sorted by id.

    Raises:
        DataError: `kind` is unknown.
    """
    if kind is not None and kind not in ERROR_KINDS:
        raise DataError(f"Expected one of {', '.join(ERROR_KINDS)}, got {kind!r}: choose one of these.")
    table = add_error_columns(frame, threshold)
    selected = table["kind"] != CORRECT if kind is None else table["kind"] == kind
    if region is not None:
        selected &= has_region(table, region)
    if split is not None:
        selected &= table["split"] == split
    return table[selected].sort_values(["confidence", "id"], ascending=[False, True]).reset_index(drop=True)


def has_region(frame: pd.DataFrame, region: str) -> pd.Series:
    """Return whether each case of a table of predictions shows a body region.

    Args:
        frame: Predictions as returned by `predictions.read_predictions`.
        region: Name of the region; it must match a whole name.

    Returns:
        A boolean series with the index of `frame`.
    """
    return frame["regions"].str.split().map(lambda names: region in names).astype(bool)
