"""The search for label errors: start, progress, cancellation and results."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import streamlit as st

from fracture_core import paths
from fracture_core.errors import DataError
from fracture_core.file_names import encode_name
from fracture_core.label_errors.label_issues import LabelIssues
from fracture_core.label_errors.search_job import LabelErrorJob
from fracture_core.registry.card import ModelCard
from pages.components.common import boundary, job_progress, layout
from pages.components.labels import state as labels_state

_ERROR_KEY = "labels_fault"


def show(card: ModelCard, data: Path) -> LabelIssues | None:
    """Draw the search of a dataset; returns its results, or None before the first search.

    Args:
        card: card of the model whose image features are used.
        data: folder of the dataset.
    """
    name = hashlib.sha256(encode_name(f"{card.weights.sha256} {data}")).hexdigest()[:16]
    job = LabelErrorJob(paths.runs_dir() / ".suspects" / name)
    state = job.state()
    running = state.status == "running"
    if running:
        job_progress.show(job)
    error_message = st.session_state.pop(_ERROR_KEY, "") or (
        state.message if state.status == "failed" else ""
    )
    if error_message:
        st.error(layout.escape_markdown(error_message))
    if state.status == "cancelled":
        st.caption(layout.escape_markdown(state.message))
    if job.has_results:
        try:
            issues = _load_issues(str(job.folder), job.written_at)
        except DataError as error:
            st.error(layout.escape_markdown(str(error)))
        else:
            # The summary is left out beside an opened image.
            if not st.session_state.get(labels_state.CASE_KEY):
                _show_summary(job, card, data, issues, running)
            return issues
    if running:
        return None
    st.markdown(
        "The search compares each label with a prediction from similar images of other groups (cross-validated "
        "logistic regression, confident learning). It lists images whose label disagrees, and images that have both "
        "labels. Many of them are unusual, but labelled correctly: a reader decides."
    )
    _search_button("Find label errors", job, card, data, "primary")
    return None


def _show_summary(
    job: LabelErrorJob, card: ModelCard, data: Path, issues: LabelIssues, running: bool
) -> None:
    """Draw the summary, the download and a button for another search."""
    st.html(f'<p class="count" data-testid="suspects">{issues.sentence}</p>')
    if issues.limitations:
        st.caption(layout.escape_markdown(issues.limitations))
    if not issues.own:
        st.warning(
            "The model was not trained on this dataset, so its images cannot be marked here. Download the list instead."
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download list (CSV)",
            data=issues.to_csv,
            file_name=f"{card.id}-suspected-labels.csv",
            mime="text/csv",
            on_click="ignore",
            disabled=not issues.all_issues(),
        )
        if not running:
            _search_button("Search again", job, card, data, "secondary")
        st.html(f'<span class="count">Searched on {issues.created[:10]}</span>', width="content")


def _search_button(
    label: str, job: LabelErrorJob, card: ModelCard, data: Path, kind: Literal["primary", "secondary"]
) -> None:
    st.button(
        label,
        key="labels_search",
        type=kind,
        on_click=boundary.callback(_start_search),
        args=(job, card.id, data),
    )


def _start_search(job: LabelErrorJob, model: str, data: Path) -> None:
    labels_state.open_film("")
    try:
        job.start(model, data)
    except DataError as error:
        st.session_state[_ERROR_KEY] = str(error)


@st.cache_resource(max_entries=4, show_spinner="Reading the list …")
def _load_issues(folder: str, written_at: float) -> LabelIssues:
    """Load the results; shared by all users, because nothing changes them."""
    return LabelErrorJob(Path(folder)).results()
