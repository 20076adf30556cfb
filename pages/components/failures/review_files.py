"""Summary of the reviews, CSV export and import, and the reviewed training set."""

from __future__ import annotations

import html
import tempfile
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from fracture_core import paths
from fracture_core.datasets.catalogue import Catalogue
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.datasets.manifest import write_manifest
from fracture_core.errors import DataError
from fracture_core.registry.card import ModelCard
from fracture_core.review import Review, measure_agreement
from fracture_core.review.annotation import MAX_NAME_LENGTH
from fracture_core.review.csv_exchange import reviews_from_csv, reviews_to_csv
from fracture_core.review.relabelled_manifest import RelabelledDataset, relabel_dataset, wrong_label_cases
from fracture_core.review.verdict_opinions import (
    ReaderMark,
    VerdictOpinion,
    VerdictOpinions,
    count_opinions,
    opinions_to_csv,
)
from fracture_core.vocabulary import rephrase_for_finding
from pages.components.common import boundary, data_folder, layout, resources, review_summary, reviewer
from pages.components.common.test_record import TestRecord
from pages.components.failures import gallery

_FILE, _MESSAGE, _FAULT = "failures_reviews_file", "failures_reviews_message", "failures_reviews_fault"
_OLD, _NEW, _MERGE = "failures_old_name", "failures_new_name", "failures_merge_asked"
_RENAMED, _REFUSED = "failures_renamed", "failures_rename_refused"

# What happens to cases that reviewers marked as label errors.
_LEAVE_OUT, _FLIP = "Exclude", "Flip label"


def show(record: TestRecord) -> None:
    """Draw the marks, their agreement, and what can be made of them."""
    try:
        reviews = review_summary.review_store(record.card).all()
    except DataError as error:
        st.error(layout.escape_markdown(str(error)))
        return
    st.html(f'<p class="count">{review_summary.summary_text(reviews)}</p>')
    left, right = st.columns(2, gap="large")
    with left:
        _show_opinions(record.card)
        if reviews:
            st.html(review_summary.counts_html(reviews))
            st.html(review_summary.agreement_html(measure_agreement(reviews)))
            _rename(record.card, reviews)
        else:
            st.html('<p class="note">No marks yet.</p>')
    with right:
        _export(record.card, reviews)
        _import(record.card)
        _next_training_set(record, reviews)
    st.page_link(
        "pages/labels.py",
        label="Check the labels of this dataset",
        icon=":material/arrow_forward:",
        query_params={"model": record.card.id},
    )


def _show_opinions(card: ModelCard) -> None:
    """Draw what readers thought of verdicts on their own images, if any was kept."""
    try:
        opinions = VerdictOpinions.for_model(paths.runs_dir(), card.id).all()
    except DataError as error:
        st.error(layout.escape_markdown(str(error)))
        return
    if not opinions:
        return
    st.html('<h3 class="table-title">Opinions on Second opinion</h3>')
    st.html(opinions_html(opinions, card.finding))
    st.download_button(
        "Download opinions (CSV)",
        data=boundary.download(lambda: opinions_to_csv(opinions)),
        file_name=f"{card.id}-opinions.csv",
        mime="text/csv",
        on_click="ignore",
    )


def opinions_html(opinions: list[VerdictOpinion], finding: str) -> str:
    """Render the number of opinions by verdict and mark as an HTML table.

    Args:
        opinions: the opinions.
        finding: what the model looks for.
    """
    head = "".join(f'<th scope="col">{mark}</th>' for mark in ReaderMark)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(rephrase_for_finding(verdict, finding))}</th>'
        + "".join(f"<td>{count:,}</td>" for count in counts.values())
        + "</tr>"
        for verdict, counts in count_opinions(opinions).items()
    )
    return (
        f'<table class="numbers"><thead><tr><th scope="col">verdict</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _export(card: ModelCard, reviews: Sequence[Review]) -> None:
    st.download_button(
        "Export reviews (CSV)",
        data=boundary.download(lambda: reviews_to_csv(reviews)),
        file_name=f"{card.id}-reviews.csv",
        mime="text/csv",
        on_click="ignore",
        disabled=not reviews,
    )


def _import(card: ModelCard) -> None:
    st.file_uploader(
        "Import reviews (CSV)",
        type="csv",
        key=_FILE,
        on_change=boundary.callback(_import_file),
        args=(card,),
        help="A reviewer's latest mark replaces the earlier one.",
    )
    fault, message = st.session_state.pop(_FAULT, ""), st.session_state.pop(_MESSAGE, "")
    if fault:
        st.error(layout.escape_markdown(fault))
    if message:
        st.success(layout.escape_markdown(message))


def _import_file(card: ModelCard) -> None:
    uploaded = st.session_state.get(_FILE)
    if uploaded is None:
        return
    try:
        found = review_summary.review_store(card).merge(reviews_from_csv(uploaded.getvalue(), uploaded.name))
    except DataError as error:
        st.session_state[_FAULT] = str(error)
        return
    st.session_state[_MESSAGE] = found.sentence


def _rename(card: ModelCard, reviews: Sequence[Review]) -> None:
    """Draw the form that renames a reviewer; it asks before merging two names."""
    st.html('<h3 class="table-title">Rename a reviewer</h3>')
    names = sorted({review.reviewer for review in reviews})
    with st.form("failures_rename_form", border=False):
        st.selectbox("Reviewer", names, key=_OLD)
        st.text_input("New name", key=_NEW, max_chars=MAX_NAME_LENGTH)
        st.form_submit_button("Rename", on_click=boundary.callback(_request_rename), args=(card,))
    asked = st.session_state.get(_MERGE)
    if asked is not None and asked[0] == card.id and {asked[1], asked[2]} <= set(names):
        _, old, new = asked
        st.warning(layout.escape_markdown(review_summary.merge_question(reviews, old, new)))
        with st.container(horizontal=True):
            st.button(
                "Merge",
                key="failures_merge",
                type="primary",
                on_click=boundary.callback(_rename_reviewer),
                args=(card, old, new, True),
            )
            st.button("Cancel", key="failures_merge_no", on_click=boundary.callback(_cancel_merge))
    if refused := st.session_state.pop(_REFUSED, ""):
        st.error(layout.escape_markdown(refused))
    if renamed := st.session_state.pop(_RENAMED, ""):
        st.success(layout.escape_markdown(renamed))


def _request_rename(card: ModelCard) -> None:
    """Rename at once, or ask first if the new name already has marks."""
    old, new = st.session_state[_OLD], " ".join(st.session_state[_NEW].split())
    _cancel_merge()
    try:
        names = {review.reviewer for review in review_summary.review_store(card).all()}
    except DataError as error:
        st.session_state[_REFUSED] = str(error)
        return
    if new != old and {old, new} <= names:
        st.session_state[_MERGE] = (card.id, old, new)
    else:
        _rename_reviewer(card, old, new, False)


def _rename_reviewer(card: ModelCard, old: str, new: str, merge: bool) -> None:
    _cancel_merge()
    try:
        st.session_state[_RENAMED] = review_summary.review_store(card).rename(old, new, merge).sentence
    except DataError as error:
        st.session_state[_REFUSED] = str(error)
        return
    st.session_state[_NEW] = ""
    if reviewer.current_name() == old:
        reviewer.change_name(new)


def _cancel_merge() -> None:
    st.session_state.pop(_MERGE, None)


def _next_training_set(record: TestRecord, reviews: Sequence[Review]) -> None:
    """Draw the download of the training set with the label errors removed or flipped."""
    st.html('<h3 class="table-title">Reviewed training set</h3>')
    names = sorted({review.reviewer for review in reviews})
    whose = st.selectbox(
        "Label errors by",
        ["", *names],
        format_func=lambda name: name or "majority of reviewers",
        key="failures_whose",
    )
    way = st.segmented_control(
        "Label errors", (_LEAVE_OUT, _FLIP), default=_LEAVE_OUT, required=True, key="failures_way"
    )
    if data_folder.known_folder(record.card, gallery.path_of(record)) is None:
        st.info("Enter the dataset folder above.")
        return
    try:
        root = data_folder.resolve_folder(data_folder.named_folder(record.card))
        catalogue = _catalogue(str(root))
        predicted = resources.model_store().predictions(record.card.id)
        found = relabel_dataset(catalogue.cases, predicted, wrong_label_cases(reviews, whose), way == _FLIP)
    except DataError as error:
        st.warning(layout.escape_markdown(str(error)))
        return
    st.markdown(layout.escape_markdown(found.sentence))
    st.download_button(
        "Download manifest (CSV)",
        data=boundary.download(lambda: _manifest(found, catalogue.finding)),
        file_name=f"{record.card.id}-reviewed.csv",
        mime="text/csv",
        on_click="ignore",
        disabled=not found.changed,
        help="Use this file as the data on the Train page or with `train --data`.",
    )


def _manifest(found: RelabelledDataset, finding: str) -> bytes:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "reviewed.csv"
        write_manifest(path, found.cases, finding)
        return path.read_bytes()


@st.cache_resource(max_entries=1, ttl=600, show_spinner="Reading the dataset …")
def _catalogue(root: str) -> Catalogue:
    """Cached as a resource, because it is not modified."""
    return read_catalogue(Path(root))
