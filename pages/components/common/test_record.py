"""What a model said of its test split, and what is measured on it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from fracture_core.errors import DataError
from fracture_core.evaluation import (
    Summary,
    Thresholds,
    VerdictCounts,
    count_verdicts,
    predictions,
    summarise,
)
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import PREDICTIONS_NAME, ModelStore
from fracture_core.vocabulary import finding_with_article


@dataclass(frozen=True, eq=False)
class TestRecord:
    """A model and its test films.

    Attributes:
        card: the model's.
        test: its predictions on the test split, as `evaluation.predictions` describes them. The
            validation films are left out: calibration and thresholds were fitted to them.
        key: changes whenever the table does.
    """

    card: ModelCard
    test: pd.DataFrame
    key: str


@dataclass(frozen=True)
class MeasuredRecord:
    """What was measured at one threshold."""

    summary: Summary
    states: VerdictCounts


def load_test_record(store: ModelStore, model: str) -> TestRecord:
    """The record of a model.

    Raises:
        ModelError: its card is missing or broken.
        DataError: it has no predictions on a test split; the message says how to get them.
    """
    card = store.card(model)
    path = store.root / model / PREDICTIONS_NAME
    if not store.has_predictions(model):
        raise DataError(
            f"{card.title} has no record: expected its predictions on a test split in {path}, but there are none. "
            f"Measure it with “python -m fracture_core evaluate --model {model} --data DIR --out {path.parent}”, "
            "where DIR holds labelled films that it never saw."
        )
    key = _key(path)
    test = _test(key, str(path))
    if test.empty:
        raise DataError(
            f"{card.title} has no record: expected films of a test split in {path}, but it holds other splits only. "
            "Measure the model on films that it never saw, and on which it was not calibrated."
        )
    return TestRecord(card, test, key)


def load_predictions(store: ModelStore, model: str) -> pd.DataFrame:
    """What a model said of its validation and test films; empty where it has no record.

    Raises:
        DataError: the table is broken.
    """
    if not store.has_predictions(model):
        return pd.DataFrame(columns=["id", "path", "split", "probability"])
    path = store.root / model / PREDICTIONS_NAME
    return _all(_key(path), str(path))


def _key(path: Path) -> str:
    """Changes whenever the file does."""
    stamp = path.stat()
    return f"{path} {stamp.st_mtime_ns} {stamp.st_size}"


@st.cache_resource(max_entries=8, show_spinner=False)
def _all(key: str, path: str) -> pd.DataFrame:
    """The whole table, shared by all users: it is only read."""
    return predictions.read_predictions(Path(path))


@st.cache_resource(max_entries=8, show_spinner=False)
def _test(key: str, path: str) -> pd.DataFrame:
    table = _all(key, path)
    return table[table["split"] == "test"].reset_index(drop=True)


@st.cache_data(max_entries=64, show_spinner=False)
def measure_record(
    key: str, threshold: float, _test: pd.DataFrame, _thresholds: Thresholds
) -> MeasuredRecord:
    """Everything that follows the threshold.

    Args:
        key: `TestRecord.key`; with the threshold it names the result.
        threshold: at or above it a film counts as *fracture*.
        _test: `TestRecord.test`.
        _thresholds: the card's, for the verdicts.
    """
    label, probability, group = _test["label"], _test["probability"], _test["group"]
    return MeasuredRecord(
        summarise(label, probability, group, threshold),
        count_verdicts(label, probability, _thresholds.low, _thresholds.high),
    )


def provenance_text(record: TestRecord) -> str:
    """Data set, licence and size of the test split in one line of HTML."""
    data = record.card.data
    test = record.test
    groups = test["group"].mask(test["group"] == "").nunique() + int((test["group"] == "").sum())
    words = [
        f"{data.name}; licence: {data.licence}" if data else "The card names no data set and no licence",
        f"test split: {len(test):,} films, {int(test['label'].sum()):,} with "
        f"{finding_with_article(record.card.finding)}, "
        f"in {groups:,} groups",
        f"split {data.split_rule}" if data else "",
    ]
    return f'<p class="provenance">{html.escape(". ".join(w[0].upper() + w[1:] for w in words if w))}.</p>'
