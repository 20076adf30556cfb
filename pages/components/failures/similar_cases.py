"""The test films by how alike the model finds them to one of them: looked at once, in the background."""

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
from pages.components.common import boundary, data_folder, resources
from pages.components.common.test_record import TestRecord

#: Seconds between two looks at films being looked at.
_EVERY = 0.7

# Seconds after which films that were looked at before are there.
_MOMENT = 0.3

_FAULT = "failures_alike_fault"


def is_possible(card: ModelCard) -> bool:
    """Whether the model has features by which films could be compared."""
    try:
        return bool(find_architecture(card.architecture).feature_layers)
    except ModelError:
        return False


def distances(record: TestRecord, case: str) -> pd.Series | None:
    """How far each test film lies from one of them, by id; None until that is known."""
    work = _work(record)
    return None if work is None else work.distances(case)


def show_progress(record: TestRecord) -> bool:
    """How far the films are looked at, or why they are not.

    Returns:
        Whether they still are; the order of the list is then not settled.
    """
    fault = st.session_state.get(_FAULT)
    if fault:
        st.warning(fault)
        return True
    work = _work(record)
    if work is None:
        st.info(
            "To list films by likeness, name the folder of the data set: the model has to look at each once."
        )
        return True
    if work.is_running:
        boundary.fragment(_live, run_every=_EVERY)(record, work)
    return work.is_running


def _live(record: TestRecord, work: SimilaritySearch) -> None:
    if not work.is_running:
        st.rerun()  # the page then stops asking
    st.progress(
        work.done / max(work.total, 1), f"The model looks at the films: {work.done:,} of {work.total:,}"
    )
    st.caption("Until then the surest answers stand first. What was seen is kept for the next time.")


def stop_search(record: TestRecord) -> None:
    """Looks at no further film."""
    work = _work(record)
    if work is not None and work.is_running:
        work.stop()
        _likeness.clear(*_named(record))


def _work(record: TestRecord) -> SimilaritySearch | None:
    """The films being looked at; None where no data folder is named, or the model cannot be loaded."""
    if _root(record) is None:
        return None
    try:
        resources.load_predictor(record.card)  # wakes here, where that can be seen
        found = _likeness(*_named(record))
    except ModelError as error:
        st.session_state[_FAULT] = str(error)
        return None
    st.session_state.pop(_FAULT, None)
    return found


def _root(record: TestRecord) -> Path | None:
    return data_folder.known_folder(record.card, str(record.test["path"].iloc[0]))


def _named(record: TestRecord) -> tuple[str, str, str, TestRecord]:
    """What tells the likeness of one record from that of another."""
    return record.key, record.card.weights.sha256, str(_root(record)), record


@st.cache_resource(max_entries=4, show_spinner=False)
def _likeness(key: str, weights: str, root: str, _record: TestRecord) -> SimilaritySearch:
    reader = resources.load_predictor(_record.card)

    def look(path: Path) -> np.ndarray | None:
        try:
            with file_boundary():
                return reader.predict(path, heatmap=False).features
        except (ImageReadError, InternalFileError):
            return None

    test = _record.test
    films = {
        case: resolve_name(Path(root) / path) for case, path in zip(test["id"], test["path"], strict=True)
    }
    work = SimilaritySearch(films, look, weights, paths.runs_dir() / ".cache")
    work.wait(_MOMENT)
    return work
