"""Marking the opened film: name, marks, note, undo, and what others say."""

from __future__ import annotations

import streamlit as st

from fracture_core.errors import DataError
from fracture_core.registry.card import Card
from fracture_core.review import MARKS, Review
from fracture_core.review.mark import LONGEST_NAME, LONGEST_NOTE
from pages.parts import boundary, failures_reviews, layout

#: Session state: the name typed into “Your name”.
NAME = "failures_reviewer"
_FAULT = "failures_review_fault"


@boundary.fragment
def show(card: Card, case: str) -> None:
    """Draws it; a fragment, so that a mark leaves film and heatmap alone."""
    st.html('<h3 class="table-title">Review</h3>')
    try:
        reviews = failures_reviews.kept(card).all()
    except DataError as error:
        st.error(layout.plain(str(error)))
        return
    left, right = st.columns([2, 3])
    with left:
        typed = st.text_input(
            "Your name",
            key=NAME,
            max_chars=LONGEST_NAME,
            placeholder="marks need a name",
            persist_state="session",
        )
    reviewer = " ".join(typed.split())
    own = next((found for found in reviews if (found.case, found.reviewer) == (case, reviewer)), None)
    note = f"failures_note {card.id} {case} {reviewer}"
    st.session_state.setdefault(note, own.note if own else "")
    with right:
        st.text_input(
            "Note",
            key=note,
            max_chars=LONGEST_NOTE,
            disabled=not reviewer,
            placeholder="why, in a few words",
            on_change=boundary.callback(_note),
            args=(card, own, note),
        )
    with st.container(key="failures-marks"):
        for number, mark in enumerate(MARKS, 1):
            st.button(
                mark,
                key=f"failures_mark {number}",
                shortcut=str(number),
                type="primary" if own and own.mark == mark else "secondary",
                disabled=not reviewer,
                on_click=boundary.callback(_mark),
                args=(card, case, mark, reviewer, note),
                width="stretch",
            )
        st.button(
            "Undo",
            key="failures_undo",
            shortcut="u",
            disabled=own is None,
            help="Takes your last mark on this film back; the one before it stands again.",
            on_click=boundary.callback(_undo),
            args=(card, case, reviewer, note),
            width="stretch",
        )
    fault = st.session_state.pop(_FAULT, "")
    if fault:
        st.error(layout.plain(fault))
    st.html(failures_reviews.others(reviews, case, reviewer))


def _mark(card: Card, case: str, mark: str, reviewer: str, note: str) -> None:
    try:
        failures_reviews.kept(card).mark(case, mark, reviewer, st.session_state.get(note, ""))
    except DataError as error:
        st.session_state[_FAULT] = str(error)


def _note(card: Card, own: Review | None, note: str) -> None:
    """Keeps a note that is written after the mark; before it, the mark takes the note along."""
    if own is not None:
        _mark(card, own.case, own.mark, own.reviewer, note)


def _undo(card: Card, case: str, reviewer: str, note: str) -> None:
    kept = failures_reviews.kept(card)
    try:
        kept.undo(reviewer, case)
        standing = [found.note for found in kept.all() if (found.case, found.reviewer) == (case, reviewer)]
        st.session_state[note] = "".join(standing)
    except DataError as error:
        st.session_state[_FAULT] = str(error)
