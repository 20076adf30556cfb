"""Predictions of a model on its test split, and metrics computed from them."""

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
    """A model and its predictions on the test split.

    Attributes:
        card: card of the model.
        test: predictions as in `evaluation.predictions`. Validation images are left out, because calibration and
            thresholds were fitted to them.
        key: cache key that changes with the table.
    """

    card: ModelCard
    test: pd.DataFrame
    key: str


@dataclass(frozen=True)
class MeasuredRecord:
    """Metrics at one threshold."""

    summary: Summary
    states: VerdictCounts


def load_test_record(store: ModelStore, model: str) -> TestRecord:
    """Load the test record of a model.

    Raises:
        ModelError: its card is missing or damaged.
        DataError: it has no predictions on a test split; the message contains the command that creates them.
    """
    card = store.card(model)
    path = store.root / model / PREDICTIONS_NAME
    if not store.has_predictions(model):
        raise DataError(
            f"{card.title} has no test record: {path} is missing. Create it with "
            f"“python -m fracture_core evaluate --model {model} --data DIR --out {path.parent}”, "
            "where DIR contains labelled images that were not used in training."
        )
    key = _key(path)
    test = _load_test_split(key, str(path))
    if test.empty:
        raise DataError(
            f"{card.title} has no test record: {path} contains no test split. Evaluate the model on images that were "
            "not used in training or calibration."
        )
    return TestRecord(card, test, key)


def load_predictions(store: ModelStore, model: str) -> pd.DataFrame:
    """Load the predictions of a model on validation and test images; empty if it has no record.

    Raises:
        DataError: the table is damaged.
    """
    if not store.has_predictions(model):
        return pd.DataFrame(columns=["id", "path", "split", "probability"])
    path = store.root / model / PREDICTIONS_NAME
    return _load_table(_key(path), str(path))


def _key(path: Path) -> str:
    """A cache key that changes with the file."""
    status = path.stat()
    return f"{path} {status.st_mtime_ns} {status.st_size}"


@st.cache_resource(max_entries=8, show_spinner=False)
def _load_table(key: str, path: str) -> pd.DataFrame:
    """The whole table, shared by all users; it must not be changed."""
    return predictions.read_predictions(Path(path))


@st.cache_resource(max_entries=8, show_spinner=False)
def _load_test_split(key: str, path: str) -> pd.DataFrame:
    table = _load_table(key, path)
    return table[table["split"] == "test"].reset_index(drop=True)


@st.cache_data(max_entries=64, show_spinner=False)
def measure_record(
    key: str, threshold: float, _test: pd.DataFrame, _thresholds: Thresholds
) -> MeasuredRecord:
    """Compute the metrics at a threshold.

    Args:
        key: `TestRecord.key`; with the threshold it is the cache key.
        threshold: probabilities at or above it count as *fracture*, 0–1.
        _test: `TestRecord.test`.
        _thresholds: thresholds of the card, for the verdicts.
    """
    label, probability, group = _test["label"], _test["probability"], _test["group"]
    return MeasuredRecord(
        summarise(label, probability, group, threshold),
        count_verdicts(label, probability, _thresholds.low, _thresholds.high),
    )


def provenance_text(record: TestRecord) -> str:
    """Render dataset, licence and size of the test split as HTML."""
    data = record.card.data
    test = record.test
    groups = test["group"].mask(test["group"] == "").nunique() + int((test["group"] == "").sum())
    parts = [
        f"{data.name}; licence: {data.licence}" if data else "The card states no dataset and no licence",
        f"test split: {len(test):,} images, {int(test['label'].sum()):,} with "
        f"{finding_with_article(record.card.finding)}, "
        f"in {groups:,} groups",
        f"split {data.split_rule}" if data else "",
    ]
    return f'<p class="provenance">{html.escape(". ".join(part[0].upper() + part[1:] for part in parts if part))}.</p>'
