"""Reviews in numbers, as a file, and as the next training set."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from fracture_core.data.catalogue import Catalogue
from fracture_core.data.layouts import read_catalogue
from fracture_core.data.manifest import write_manifest
from fracture_core.errors import DataError
from fracture_core.registry.card import Card
from fracture_core.review import Review, agreement
from fracture_core.review.exchange import from_csv, to_csv
from fracture_core.review.mark import LONGEST_NAME
from fracture_core.review.relabel import Reviewed, called_wrong, relabel
from pages.parts import (
    boundary,
    failures_gallery,
    failures_review,
    failures_reviews,
    folder,
    layout,
    resources,
)
from pages.parts.failures_record import Record

_FILE, _SAID, _FAULT = "failures_reviews_file", "failures_reviews_said", "failures_reviews_fault"
_OLD, _NEW, _MERGE = "failures_old_name", "failures_new_name", "failures_merge_asked"
_RENAMED, _REFUSED = "failures_renamed", "failures_rename_refused"

# What becomes of a film whose label is called wrong.
_OUT, _FLIP = "Leave them out", "Turn the label round"


def show(record: Record) -> None:
    """The section below the list of films."""
    st.subheader("Reviews", anchor=False)
    try:
        reviews = failures_reviews.kept(record.card).all()
    except DataError as error:
        st.error(layout.plain(str(error)))
        return
    st.html(f'<p class="count">{failures_reviews.summary(reviews)}</p>')
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
                st.html(failures_reviews.counts(reviews))
                st.html(failures_reviews.agreements(agreement(reviews)))
                _rename(record.card, reviews)
            else:
                st.html('<p class="note">Who marked what, and how far reviewers agree, is told here.</p>')
        with right:
            _export(record.card, reviews)
            _import(record.card)
            _next(record, reviews)


def _export(card: Card, reviews: Sequence[Review]) -> None:
    st.download_button(
        "Export the reviews (CSV)",
        data=boundary.download(lambda: to_csv(reviews)),
        file_name=f"{card.id}-reviews.csv",
        mime="text/csv",
        on_click="ignore",
        disabled=not reviews,
    )


def _import(card: Card) -> None:
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
        st.error(layout.plain(fault))
    if said:
        st.success(said)


def _take_in(card: Card) -> None:
    uploaded = st.session_state.get(_FILE)
    if uploaded is None:
        return
    try:
        found = failures_reviews.kept(card).take_in(from_csv(uploaded.getvalue(), uploaded.name))
    except DataError as error:
        st.session_state[_FAULT] = str(error)
        return
    st.session_state[_SAID] = found.sentence


def _rename(card: Card, reviews: Sequence[Review]) -> None:
    """Another name for a reviewer; asks before marks of two names are merged."""
    st.html('<h3 class="table-title">Rename a reviewer</h3>')
    names = sorted({review.reviewer for review in reviews})
    with st.form("failures_rename_form", border=False):
        st.selectbox("Reviewer", names, key=_OLD)
        st.text_input("New name", key=_NEW, max_chars=LONGEST_NAME)
        st.form_submit_button("Rename", on_click=boundary.callback(_take_name), args=(card,))
    asked = st.session_state.get(_MERGE)
    if asked is not None and asked[0] == card.id and {asked[1], asked[2]} <= set(names):
        _, old, new = asked
        st.warning(layout.plain(failures_reviews.merge_question(reviews, old, new)))
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
        st.error(layout.plain(refused))
    if renamed := st.session_state.pop(_RENAMED, ""):
        st.success(layout.plain(renamed))


def _take_name(card: Card) -> None:
    """Renames at once, or has the page ask where the new name has marks already."""
    old, new = st.session_state[_OLD], " ".join(st.session_state[_NEW].split())
    _forget_merge()
    try:
        names = {review.reviewer for review in failures_reviews.kept(card).all()}
    except DataError as error:
        st.session_state[_REFUSED] = str(error)
        return
    if new != old and {old, new} <= names:
        st.session_state[_MERGE] = (card.id, old, new)
    else:
        _apply_name(card, old, new, False)


def _apply_name(card: Card, old: str, new: str, merge: bool) -> None:
    _forget_merge()
    try:
        st.session_state[_RENAMED] = failures_reviews.kept(card).rename(old, new, merge).sentence
    except DataError as error:
        st.session_state[_REFUSED] = str(error)
        return
    st.session_state[_NEW] = ""
    if " ".join(st.session_state.get(failures_review.NAME, "").split()) == old:
        st.session_state[failures_review.NAME] = new


def _forget_merge() -> None:
    st.session_state.pop(_MERGE, None)


def _next(record: Record, reviews: Sequence[Review]) -> None:
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
        "Films with a wrong label", (_OUT, _FLIP), default=_OUT, required=True, key="failures_way"
    )
    if folder.known(record.card, failures_gallery.film_of(record)) is None:
        st.info("The set is made of the films of the training: name the folder of the data set above.")
        return
    try:
        root = folder.resolved(folder.named(record.card))
        catalogue = _catalogue(str(root))
        told = resources.store().predictions(record.card.id)
        found = relabel(catalogue.cases, told, called_wrong(reviews, whose), way == _FLIP)
    except DataError as error:
        st.warning(layout.plain(str(error)))
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


def _manifest(found: Reviewed, finding: str) -> bytes:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "reviewed.csv"
        write_manifest(path, found.cases, finding)
        return path.read_bytes()


@st.cache_resource(max_entries=1, ttl=600, show_spinner="Reading the table of the data set …")
def _catalogue(root: str) -> Catalogue:
    """Nobody changes it, so that no copy is needed."""
    return read_catalogue(Path(root))
