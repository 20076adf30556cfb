"""The search for suspected labels: asked for, watched, cancelled, and what it found."""

from __future__ import annotations

import hashlib
from pathlib import Path

import streamlit as st

from fracture_core import paths
from fracture_core.errors import DataError
from fracture_core.file_names import encode_name
from fracture_core.label_errors.label_issues import LabelIssues
from fracture_core.label_errors.search_job import LabelErrorJob
from fracture_core.registry.card import ModelCard
from pages.components.common import boundary, job_progress, layout
from pages.components.labels import state as labels_state

_FAULT = "labels_fault"


def show(card: ModelCard, data: Path) -> LabelIssues | None:
    """What was found among the films of a folder; None where nobody has looked yet, with a way to do so.

    Args:
        card: of the model whose features are used.
        data: the data set.
    """
    name = hashlib.sha256(encode_name(f"{card.weights.sha256} {data}")).hexdigest()[:16]
    job = LabelErrorJob(paths.runs_dir() / ".suspects" / name)
    state = job.state()
    running = state.status == "running"
    if running:
        job_progress.show(job)
    fault = st.session_state.pop(_FAULT, "") or (state.message if state.status == "failed" else "")
    if fault:
        st.error(layout.escape_markdown(fault))
    if state.status == "cancelled":
        st.caption(state.message)
    if job.has_results:
        try:
            found = _found(str(job.folder), job.written_at)
        except DataError as error:
            st.error(layout.escape_markdown(str(error)))
        else:
            # Beside an opened film the list is not what matters.
            if not st.session_state.get(labels_state.CASE_KEY):
                _summary(job, card, data, found, running)
            return found
    if running:
        return None
    st.markdown(
        "The model looks at every film once, and each film is then judged by the labels of films like it in other "
        "groups (logistic regression, cross-validated; confident learning). Films whose label is at odds with that "
        "are listed, and pictures that stand under both labels. Many of them are rare and labelled rightly: a reader "
        "decides."
    )
    _button("Look for suspected labels", job, card, data, "primary")
    return None


def _summary(job: LabelErrorJob, card: ModelCard, data: Path, found: LabelIssues, running: bool) -> None:
    """What was found in words, the file, and another search."""
    st.html(f'<p class="count" data-testid="suspects">{found.sentence}</p>')
    if found.limitations:
        st.caption(found.limitations)
    if not found.own:
        st.warning(
            "These are not the films that the model was trained and tested on, so marks cannot be kept with it: take "
            "the list along as a file."
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download the list (CSV)",
            data=found.to_csv,
            file_name=f"{card.id}-suspected-labels.csv",
            mime="text/csv",
            on_click="ignore",
            disabled=not found.all_issues(),
        )
        if not running:
            _button("Look again", job, card, data, "secondary")
        st.html(f'<span class="count">Looked at on {found.created[:10]}</span>', width="content")


def _button(words: str, job: LabelErrorJob, card: ModelCard, data: Path, kind) -> None:
    st.button(
        words, key="labels_search", type=kind, on_click=boundary.callback(_start), args=(job, card.id, data)
    )


def _start(job: LabelErrorJob, model: str, data: Path) -> None:
    labels_state.open_film("")
    try:
        job.start(model, data)
    except DataError as error:
        st.session_state[_FAULT] = str(error)


@st.cache_resource(max_entries=4, show_spinner="Reading the list …")
def _found(folder: str, written: float) -> LabelIssues:
    """Nobody changes it, so that no copy is needed."""
    return LabelErrorJob(Path(folder)).results()
