"""Reviews in numbers, as a file, and as the next training set."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from fracture_core.datasets.catalogue import Catalogue
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.datasets.manifest import write_manifest
from fracture_core.errors import DataError
from fracture_core.registry.card import ModelCard
from fracture_core.review import Review, measure_agreement
from fracture_core.review.annotation import MAX_NAME_LENGTH
from fracture_core.review.csv_exchange import reviews_from_csv, reviews_to_csv
from fracture_core.review.relabelled_manifest import RelabelledDataset, relabel_dataset, wrong_label_cases
from pages.components.common import boundary, data_folder, layout, resources, review_summary
from pages.components.common.test_record import TestRecord
from pages.components.failures import gallery, review_form

_FILE, _SAID, _FAULT = "failures_reviews_file", "failures_reviews_said", "failures_reviews_fault"
_OLD, _NEW, _MERGE = "failures_old_name", "failures_new_name", "failures_merge_asked"
_RENAMED, _REFUSED = "failures_renamed", "failures_rename_refused"

# What becomes of a film whose label is called wrong.
_LEAVE_OUT, _FLIP = "Leave them out", "Turn the label round"


def show(record: TestRecord) -> None:
    """The section below the list of films."""
    st.subheader("Reviews", anchor=False)
    try:
        reviews = review_summary.review_store(record.card).all()
    except DataError as error:
        st.error(layout.escape_markdown(str(error)))
        return
    st.html(f'<p class="count">{review_summary.summary_text(reviews)}</p>')
    opened = st.expander(
        "Marks, agreement, export, import and the next training set",
        key="failures_reviews",
        on_change="rerun",
    )
    if not opened.open:
        return
    with opened:
        left, right = st.columns(2, gap="large")
        with left:
            if reviews:
                st.html(review_summary.counts_html(reviews))
                st.html(review_summary.agreement_html(measure_agreement(reviews)))
                _rename(record.card, reviews)
            else:
                st.html('<p class="note">Who marked what, and how far reviewers agree, is told here.</p>')
        with right:
            _export(record.card, reviews)
            _import(record.card)
            _next_training_set(record, reviews)


def _export(card: ModelCard, reviews: Sequence[Review]) -> None:
    st.download_button(
        "Export the reviews (CSV)",
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
        on_change=boundary.callback(_take_in),
        args=(card,),
        help="Of two marks of one reviewer on one film the later stays.",
    )
    fault, said = st.session_state.pop(_FAULT, ""), st.session_state.pop(_SAID, "")
    if fault:
        st.error(layout.escape_markdown(fault))
    if said:
        st.success(said)


def _take_in(card: ModelCard) -> None:
    uploaded = st.session_state.get(_FILE)
    if uploaded is None:
        return
    try:
        found = review_summary.review_store(card).merge(reviews_from_csv(uploaded.getvalue(), uploaded.name))
    except DataError as error:
        st.session_state[_FAULT] = str(error)
        return
    st.session_state[_SAID] = found.sentence


def _rename(card: ModelCard, reviews: Sequence[Review]) -> None:
    """Another name for a reviewer; asks before marks of two names are merged."""
    st.html('<h3 class="table-title">Rename a reviewer</h3>')
    names = sorted({review.reviewer for review in reviews})
    with st.form("failures_rename_form", border=False):
        st.selectbox("Reviewer", names, key=_OLD)
        st.text_input("New name", key=_NEW, max_chars=MAX_NAME_LENGTH)
        st.form_submit_button("Rename", on_click=boundary.callback(_take_name), args=(card,))
    asked = st.session_state.get(_MERGE)
    if asked is not None and asked[0] == card.id and {asked[1], asked[2]} <= set(names):
        _, old, new = asked
        st.warning(layout.escape_markdown(review_summary.merge_question(reviews, old, new)))
        with st.container(horizontal=True):
            st.button(
                "Merge",
                key="failures_merge",
                type="primary",
                on_click=boundary.callback(_apply_name),
                args=(card, old, new, True),
            )
            st.button("Cancel", key="failures_merge_no", on_click=boundary.callback(_forget_merge))
    if refused := st.session_state.pop(_REFUSED, ""):
        st.error(layout.escape_markdown(refused))
    if renamed := st.session_state.pop(_RENAMED, ""):
        st.success(layout.escape_markdown(renamed))


def _take_name(card: ModelCard) -> None:
    """Renames at once, or has the page ask where the new name has marks already."""
    old, new = st.session_state[_OLD], " ".join(st.session_state[_NEW].split())
    _forget_merge()
    try:
        names = {review.reviewer for review in review_summary.review_store(card).all()}
    except DataError as error:
        st.session_state[_REFUSED] = str(error)
        return
    if new != old and {old, new} <= names:
        st.session_state[_MERGE] = (card.id, old, new)
    else:
        _apply_name(card, old, new, False)


def _apply_name(card: ModelCard, old: str, new: str, merge: bool) -> None:
    _forget_merge()
    try:
        st.session_state[_RENAMED] = review_summary.review_store(card).rename(old, new, merge).sentence
    except DataError as error:
        st.session_state[_REFUSED] = str(error)
        return
    st.session_state[_NEW] = ""
    if " ".join(st.session_state.get(review_form.NAME, "").split()) == old:
        st.session_state[review_form.NAME] = new


def _forget_merge() -> None:
    st.session_state.pop(_MERGE, None)


def _next_training_set(record: TestRecord, reviews: Sequence[Review]) -> None:
    """The data set of the training without the labels that are called wrong."""
    st.html('<h3 class="table-title">Next training set</h3>')
    names = sorted({review.reviewer for review in reviews})
    whose = st.selectbox(
        "Whose “label wrong” counts",
        ["", *names],
        format_func=lambda name: name or "that of most who marked a film",
        key="failures_whose",
    )
    way = st.segmented_control(
        "Films with a wrong label", (_LEAVE_OUT, _FLIP), default=_LEAVE_OUT, required=True, key="failures_way"
    )
    if data_folder.known_folder(record.card, gallery.path_of(record)) is None:
        st.info("The set is made of the films of the training: name the folder of the data set above.")
        return
    try:
        root = data_folder.resolve_folder(data_folder.named_folder(record.card))
        catalogue = _catalogue(str(root))
        told = resources.model_store().predictions(record.card.id)
        found = relabel_dataset(catalogue.cases, told, wrong_label_cases(reviews, whose), way == _FLIP)
    except DataError as error:
        st.warning(layout.escape_markdown(str(error)))
        return
    st.markdown(found.sentence)
    st.download_button(
        "Download the reviewed set (manifest)",
        data=boundary.download(lambda: _manifest(found, catalogue.finding)),
        file_name=f"{record.card.id}-reviewed.csv",
        mime="text/csv",
        on_click="ignore",
        disabled=not found.changed,
        help="A table that names the films of this computer; train with --data and this file, or name it on the "
        "page Train.",
    )


def _manifest(found: RelabelledDataset, finding: str) -> bytes:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "reviewed.csv"
        write_manifest(path, found.cases, finding)
        return path.read_bytes()


@st.cache_resource(max_entries=1, ttl=600, show_spinner="Reading the table of the data set …")
def _catalogue(root: str) -> Catalogue:
    """Nobody changes it, so that no copy is needed."""
    return read_catalogue(Path(root))
