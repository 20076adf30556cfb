"""Background search for test images similar to a case, by the model's features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from fracture_core import paths
from fracture_core.errors import ImageReadError, ModelError
from fracture_core.file_names import resolve_name
from fracture_core.inference.similarity_search import SimilaritySearch
from fracture_core.internal_errors import InternalFileError, file_boundary
from fracture_core.registry.card import ModelCard
from fracture_core.zoo import find_architecture
from pages.components.common import boundary, data_folder, layout, resources
from pages.components.common.test_record import TestRecord

#: Seconds between two progress updates.
_EVERY = 0.7

# Seconds to wait for features that are cached.
_MOMENT = 0.3

_FAULT = "failures_alike_fault"


def is_possible(card: ModelCard) -> bool:
    """Whether the model's architecture has feature layers."""
    try:
        return bool(find_architecture(card.architecture).feature_layers)
    except ModelError:
        return False


def distances(record: TestRecord, case: str) -> pd.Series | None:
    """Feature distance of each test case to one case, by id; None until it is known."""
    work = _work(record)
    return None if work is None else work.distances(case)


def show_progress(record: TestRecord) -> bool:
    """Draw the progress of the search, or why it cannot run.

    Returns:
        Whether the order of the list is not final yet.
    """
    fault = st.session_state.get(_FAULT)
    if fault:
        st.warning(layout.escape_markdown(fault))
        return True
    work = _work(record)
    if work is None:
        st.info("Enter the dataset folder to sort by similarity.")
        return True
    if work.is_running:
        boundary.fragment(_live, run_every=_EVERY)(record, work)
    return work.is_running


def _live(record: TestRecord, work: SimilaritySearch) -> None:
    if not work.is_running:
        st.rerun()  # the page then stops asking
    st.progress(work.done / max(work.total, 1), f"Comparing images: {work.done:,} of {work.total:,}")
    st.caption("Sorted by confidence until this is done. Features are cached.")


def stop_search(record: TestRecord) -> None:
    """Stop the search."""
    work = _work(record)
    if work is not None and work.is_running:
        work.stop()
        _similarity_search.clear(*_search_arguments(record))


def _work(record: TestRecord) -> SimilaritySearch | None:
    """The search; None where the dataset folder is unknown or the model cannot be loaded."""
    if _root(record) is None:
        return None
    try:
        resources.load_predictor(record.card)  # loads the model here, where its spinner is visible
        found = _similarity_search(*_search_arguments(record))
    except ModelError as error:
        st.session_state[_FAULT] = str(error)
        return None
    st.session_state.pop(_FAULT, None)
    return found


def _root(record: TestRecord) -> Path | None:
    return data_folder.known_folder(record.card, str(record.test["path"].iloc[0]))


def _search_arguments(record: TestRecord) -> tuple[str, str, str, TestRecord]:
    """Arguments of `_similarity_search`."""
    return record.key, record.card.weights.sha256, str(_root(record)), record


@st.cache_resource(max_entries=4, show_spinner=False)
def _similarity_search(key: str, weights: str, root: str, _record: TestRecord) -> SimilaritySearch:
    reader = resources.load_predictor(_record.card)

    def compute_features(path: Path) -> np.ndarray | None:
        try:
            with file_boundary():
                return reader.predict(path, heatmap=False).features
        except (ImageReadError, InternalFileError):
            return None

    test = _record.test
    films = {
        case: resolve_name(Path(root) / path) for case, path in zip(test["id"], test["path"], strict=True)
    }
    work = SimilaritySearch(films, compute_features, weights, paths.runs_dir() / ".cache")
    work.wait(_MOMENT)
    return work
