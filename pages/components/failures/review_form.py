"""Form that marks the open case, and the marks of other reviewers."""

from __future__ import annotations

import streamlit as st

from fracture_core.errors import DataError
from fracture_core.registry.card import ModelCard
from fracture_core.review import ANNOTATIONS, Review
from fracture_core.review.annotation import MAX_NOTE_LENGTH, TAGS
from pages.components.common import boundary, layout, review_summary, reviewer
from pages.components.labels import state as labels

_FAULT, _MARKED = "failures_review_fault", "failures_marked"


@boundary.fragment
def show(card: ModelCard, case: str, following: str = "") -> None:
    """Draw the form; a fragment, so that a mark does not redraw image and heatmap.

    Args:
        card: card of the model.
        case: id of the open image.
        following: id of the image that Labels opens after a mark; "" to stay.
    """
    if st.session_state.pop(_MARKED, False) and following:
        labels.open_film(following)
        st.rerun()
    st.html('<h3 class="table-title">Review</h3>')
    try:
        reviews = review_summary.review_store(card).all()
    except DataError as error:
        st.error(layout.escape_markdown(str(error)))
        return
    name = reviewer.current_name()
    if not name:
        st.caption("Enter a name under “Your name” to mark this image.")
    own = next((found for found in reviews if (found.case, found.reviewer) == (case, name)), None)
    fields = note, tags = f"failures_note {card.id} {case} {name}", f"failures_tags {card.id} {case} {name}"
    st.session_state.setdefault(note, own.note if own else "")
    st.session_state.setdefault(tags, list(own.tags) if own else [])
    st.text_input(
        "Note",
        key=note,
        max_chars=MAX_NOTE_LENGTH,
        disabled=not name,
        placeholder="reason",
        on_change=boundary.callback(_update),
        args=(card, own, fields),
    )
    st.pills(
        "Also",
        TAGS,
        selection_mode="multi",
        key=tags,
        disabled=not name,
        help="Several can apply beside the mark. They are saved with it.",
        on_change=boundary.callback(_update),
        args=(card, own, fields),
    )
    with st.container(key="failures-marks"):
        for number, mark in enumerate(ANNOTATIONS, 1):
            st.button(
                mark,
                key=f"failures_mark {number}",
                shortcut=str(number),
                type="primary" if own and own.mark == mark else "secondary",
                disabled=not name,
                on_click=boundary.callback(_mark),
                args=(card, case, mark, name, fields),
                width="stretch",
            )
        st.button(
            "Undo",
            key="failures_undo",
            shortcut="u",
            disabled=own is None,
            help="Removes your last mark on this image; the previous one applies again.",
            on_click=boundary.callback(_undo),
            args=(card, case, name, fields),
            width="stretch",
        )
    fault = st.session_state.pop(_FAULT, "")
    if fault:
        st.error(layout.escape_markdown(fault))
    st.html(review_summary.others_html(reviews, case, name))


def _mark(card: ModelCard, case: str, mark: str, reviewer: str, fields: tuple[str, str]) -> None:
    """Save a mark with what is in the fields of note and tags."""
    note, tags = (st.session_state.get(field) for field in fields)
    try:
        review_summary.review_store(card).add_annotation(case, mark, reviewer, note or "", tags or ())
        st.session_state[_MARKED] = True
    except DataError as error:
        st.session_state[_FAULT] = str(error)


def _update(card: ModelCard, own: Review | None, fields: tuple[str, str]) -> None:
    """Save a note or tags entered after the mark. Those entered before are saved with the mark."""
    if own is not None:
        _mark(card, own.case, own.mark, own.reviewer, fields)
        st.session_state[_MARKED] = False


def _undo(card: ModelCard, case: str, reviewer: str, fields: tuple[str, str]) -> None:
    store, (note, tags) = review_summary.review_store(card), fields
    try:
        store.undo(reviewer, case)
        own = next((found for found in store.all() if (found.case, found.reviewer) == (case, reviewer)), None)
        st.session_state[note] = own.note if own else ""
        st.session_state[tags] = list(own.tags) if own else []
    except DataError as error:
        st.session_state[_FAULT] = str(error)
