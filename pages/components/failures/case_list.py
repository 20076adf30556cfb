"""Filtering and sorting of the cases of a test split. It contains no widgets."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fracture_core.evaluation import (
    CORRECT,
    FALSE_ALARM,
    MISSED,
    VERDICTS,
    Thresholds,
    add_error_columns,
    has_region,
)
from fracture_core.evaluation.thresholds import verdict_indices
from fracture_core.io.csv_safety import escape_formula
from fracture_core.vocabulary import Verdict, label_text, rephrase_for_finding, verdict_text

MISSED_FRACTURE, FALSE_ALARMS = "missed-fracture", "false-alarm"
TRUE_POSITIVE, TRUE_NEGATIVE = "true-positive", "true-negative"
SUSPECTED_FRACTURE, SUSPECTED_OTHER = "suspected-fracture", "suspected-other"
UNCERTAIN_FRACTURE, UNCERTAIN_OTHER = "uncertain-fracture", "uncertain-other"
NOT_SEEN_FRACTURE, NOT_SEEN_OTHER = "not-seen-fracture", "not-seen-other"
ONLY_FIRST, ONLY_SECOND, BOTH_WRONG = "only-first-correct", "only-second-correct", "both-wrong"
ERRORS, ALL_CASES = "errors", "all"

#: Filters of the list: value of the URL parameter, and label.
CASE_FILTERS = {
    ERRORS: "All errors",
    MISSED_FRACTURE: "Missed fractures",
    FALSE_ALARMS: "False alarms",
    TRUE_POSITIVE: "True positives",
    TRUE_NEGATIVE: "True negatives",
    SUSPECTED_FRACTURE: "Fracture suspected, with a fracture",
    UNCERTAIN_FRACTURE: "Uncertain, with a fracture",
    NOT_SEEN_FRACTURE: "No fracture seen, with a fracture",
    SUSPECTED_OTHER: "Fracture suspected, without a fracture",
    UNCERTAIN_OTHER: "Uncertain, without a fracture",
    NOT_SEEN_OTHER: "No fracture seen, without a fracture",
    ALL_CASES: "All images",
    ONLY_FIRST: "Only this model correct",
    ONLY_SECOND: "Only the second model correct",
    BOTH_WRONG: "Both models wrong",
}

#: Filters by the outcomes of two models: whether the first and the second are correct.
COMPARISON_FILTERS = {ONLY_FIRST: (True, False), ONLY_SECOND: (False, True), BOTH_WRONG: (False, False)}

# Columns that `with_second_model` adds.
_SECOND_PROBABILITY, _SECOND_CORRECT = "second_probability", "second_correct"

#: Filters by verdict and label.
VERDICT_FILTERS = {
    SUSPECTED_FRACTURE: (Verdict.SUSPECTED, 1),
    UNCERTAIN_FRACTURE: (Verdict.UNCERTAIN, 1),
    NOT_SEEN_FRACTURE: (Verdict.NOT_SEEN, 1),
    SUSPECTED_OTHER: (Verdict.SUSPECTED, 0),
    UNCERTAIN_OTHER: (Verdict.UNCERTAIN, 0),
    NOT_SEEN_OTHER: (Verdict.NOT_SEEN, 0),
}

#: Outcome of one case: key, and label.
CELL_TEXT = {
    MISSED_FRACTURE: "missed fracture",
    FALSE_ALARMS: "false alarm",
    TRUE_POSITIVE: "true positive",
    TRUE_NEGATIVE: "true negative",
}

#: Sort order by similarity to one case; distances are computed only when it is chosen.
SIMILARITY_SORT = "like"

#: Sort orders: label, columns, and whether each is ascending. Ties are sorted by id.
SORT_ORDERS: dict[str, tuple[str, list[str], list[bool]]] = {
    "confidence": ("Most confident first", ["confidence", "id"], [False, True]),
    "doubtful": ("Closest to the threshold first", ["confidence", "id"], [True, True]),
    "probability": ("Highest probability first", ["probability", "id"], [False, True]),
    "lowest": ("Lowest probability first", ["probability", "id"], [True, True]),
    "loss": ("Highest loss first", ["loss", "id"], [False, True]),
    "region": ("By region", ["regions", "confidence", "id"], [True, False, True]),
    "id": ("By id", ["id"], [True]),
    SIMILARITY_SORT: ("Most similar first", ["distance", "id"], [True, True]),
}

#: Images on a page of the list, unless the user chooses another size of the thumbnails.
PAGE_SIZE = 12


def with_cells(test: pd.DataFrame, threshold: float, thresholds: Thresholds) -> pd.DataFrame:
    """Add `cell` (a key of `CELL_TEXT`), `confidence` (log-odds), `loss` (nats) and
    `verdict` to the predictions.

    Args:
        test: a table as `predictions.read_predictions` gives it.
        threshold: at or above it a image counts as *fracture*.
        thresholds: the card's, for the verdict.
    """
    table = add_error_columns(test, threshold)
    right = np.where(table["label"] == 1, TRUE_POSITIVE, TRUE_NEGATIVE)
    wrong = table["kind"].map({MISSED: MISSED_FRACTURE, FALSE_ALARM: FALSE_ALARMS})
    codes = verdict_indices(table["probability"], thresholds.low, thresholds.high)
    return table.assign(
        cell=np.where(table["kind"] == CORRECT, right, wrong),
        loss=log_loss(table["label"], table["probability"]),
        # dtype object, because pandas would convert the enum members to strings.
        verdict=pd.Series([VERDICTS[code] for code in codes], table.index, dtype=object),
    )


def with_second_model(cells: pd.DataFrame, second: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Add `second_probability` and `second_correct`; both are missing where the second model was not tested.

    Args:
        cells: a table as `with_cells` gives it.
        second: predictions of a second model, with id, path and probability.
        threshold: the operating threshold of the second model.
    """
    keys = ["id", "path"]
    other = second[[*keys, "probability"]].rename(columns={"probability": _SECOND_PROBABILITY})
    merged = cells.merge(other.drop_duplicates(keys), on=keys, how="left")
    known = merged[_SECOND_PROBABILITY].notna()
    correct = (merged[_SECOND_PROBABILITY] >= threshold) == (merged["label"] == 1)
    return merged.assign(**{_SECOND_CORRECT: correct.astype("boolean").mask(~known)})


def has_second_model(cells: pd.DataFrame) -> bool:
    """Whether a second model was tested on some of the cases."""
    return _SECOND_CORRECT in cells and bool(cells[_SECOND_CORRECT].notna().any())


def available_filters(cells: pd.DataFrame) -> list[str]:
    """Keys of `CASE_FILTERS`; those of two models only if a second one was tested on some of the cases."""
    compared = has_second_model(cells)
    return [name for name in CASE_FILTERS if compared or name not in COMPARISON_FILTERS]


def log_loss(label: ArrayLike, probability: ArrayLike) -> NDArray[np.float64]:
    """Log loss of each prediction in nats.

    Args:
        label: 0 or 1, shape (n,).
        probability: of *fracture*, 0–1, shape (n,).
    """
    given = np.asarray(probability, np.float64)
    of_truth = np.where(np.asarray(label) == 1, given, 1 - given)
    return -np.log(np.maximum(of_truth, 1e-6))  # predictions.csv has six decimals


def filter_cases(cells: pd.DataFrame, kind: str, region: str = "", sort: str = "confidence") -> pd.DataFrame:
    """Filter and sort the cases.

    Args:
        cells: a table as `with_cells` gives it.
        kind: a key of `CASE_FILTERS`.
        region: a region, or "" for all.
        sort: a key of `SORT_ORDERS`.
    """
    if kind in VERDICT_FILTERS:
        verdict, label = VERDICT_FILTERS[kind]
        keep = (cells["verdict"] == verdict) & (cells["label"] == label)
    elif kind in COMPARISON_FILTERS:
        first, second = COMPARISON_FILTERS[kind]
        is_first_correct = cells["cell"].isin((TRUE_POSITIVE, TRUE_NEGATIVE))
        keep = (is_first_correct == first) & (cells[_SECOND_CORRECT] == second).fillna(value=False).astype(
            bool
        )
    else:
        wanted = {ERRORS: (MISSED_FRACTURE, FALSE_ALARMS), ALL_CASES: tuple(CELL_TEXT)}.get(kind, (kind,))
        keep = cells["cell"].isin(wanted)
    if region:
        keep &= has_region(cells, region)
    _, columns, rising = SORT_ORDERS[sort]
    return cells[keep].sort_values(columns, ascending=rising).reset_index(drop=True)


def regions_of(test: pd.DataFrame) -> list[str]:
    """All regions in the table, sorted."""
    return sorted({name for names in test["regions"] for name in names.split()})


def page_count(count: int, size: int = PAGE_SIZE) -> int:
    """Number of pages of a list with `size` images on each, at least one."""
    return max(1, math.ceil(count / size))


def page_of_case(place: int, size: int = PAGE_SIZE) -> int:
    """The page, from 0, of the case at a position of the list."""
    return place // size


def neighbours(ids: list[str], case: str) -> tuple[int | None, str | None, str | None]:
    """Position of a case in the list, and the ids before and after it.

    A case that is no longer listed, because the threshold moved, has no position; the first listed case is its next.
    """
    if case not in ids:
        return None, None, ids[0] if ids else None
    at = ids.index(case)
    return at, ids[at - 1] if at else None, ids[at + 1] if at + 1 < len(ids) else None


def cases_to_csv(films: pd.DataFrame, threshold: float, finding: str) -> bytes:
    """Export the listed cases as CSV.

    Args:
        films: cases as `filter_cases` gives them.
        threshold: the threshold of the outcomes.
        finding: meaning of label 1.
    """
    table = pd.DataFrame(
        {
            "id": films["id"],
            "path": films["path"],
            "truth": [label_text(label, finding) for label in films["label"]],
            "kind": [rephrase_for_finding(CELL_TEXT[cell], finding) for cell in films["cell"]],
            "verdict": [verdict_text(verdict, finding) for verdict in films["verdict"]],
            "probability": films["probability"],
            "threshold": threshold,
            "confidence_log_odds": films["confidence"].round(4),
            "loss_nats": films["loss"].round(4),
            "regions": films["regions"],
            "group": films["group"],
        }
    )
    if _SECOND_PROBABILITY in films:
        table["second_model_probability"] = films[_SECOND_PROBABILITY]
    texts = ["id", "path", "regions", "group"]
    table[texts] = table[texts].map(escape_formula)
    return table.to_csv(index=False, lineterminator="\n").encode()


def short_name(case: str) -> str:
    """The last part of an id."""
    return case.rsplit("/", 1)[-1]
