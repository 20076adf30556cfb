"""Form that marks the open case, and the marks of other reviewers."""

from __future__ import annotations

from collections.abc import Iterable

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
    note = f"failures_note {card.id} {case} {name}"
    st.session_state.setdefault(note, own.note if own else "")
    st.text_input(
        "Note",
        key=note,
        max_chars=MAX_NOTE_LENGTH,
        disabled=not name,
        placeholder="reason",
        on_change=boundary.callback(_change_note),
        args=(card, case, name, note),
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
                args=(card, case, mark, name, note),
                width="stretch",
            )
        st.button(
            "Undo",
            key="failures_undo",
            shortcut="u",
            disabled=own is None,
            help="Removes your last mark on this image; the previous one applies again.",
            on_click=boundary.callback(_undo),
            args=(card, case, name, note),
            width="stretch",
        )
    if own is not None:
        _show_tags(card, own)
    fault = st.session_state.pop(_FAULT, "")
    if fault:
        st.error(layout.escape_markdown(fault))
    st.html(review_summary.others_html(reviews, case, name))


def _show_tags(card: ModelCard, own: Review) -> None:
    """Draw what can apply beside the mark of the reviewer."""
    key = _tags_key(card, own)
    st.session_state.setdefault(key, list(own.tags))
    st.pills(
        "Also",
        [tag for tag in TAGS if tag != own.mark],
        selection_mode="multi",
        key=key,
        on_change=boundary.callback(_change_tags),
        args=(card, own, key),
    )


def _tags_key(card: ModelCard, own: Review) -> str:
    """One key for each mark, because the mark itself is not among the options."""
    return f"failures_tags {card.id} {own.case} {own.reviewer} {own.mark}"


def _mark(card: ModelCard, case: str, mark: str, reviewer: str, note: str) -> None:
    """Save a mark with the text of the note; the tags stay."""
    own = _own_review(card, case, reviewer)
    tags = own.tags if own else ()
    st.session_state[_MARKED] = _save(card, case, mark, reviewer, st.session_state.get(note, ""), tags)


def _change_note(card: ModelCard, case: str, reviewer: str, note: str) -> None:
    """Save a note written after the mark. A note written before is saved with the mark."""
    own = _own_review(card, case, reviewer)
    if own is not None:
        _save(card, case, own.mark, reviewer, st.session_state.get(note, ""), own.tags)


def _change_tags(card: ModelCard, shown: Review, key: str) -> None:
    """Save tags, unless the mark has changed since they were shown."""
    own = _own_review(card, shown.case, shown.reviewer)
    if own is not None and own.mark == shown.mark:
        _save(card, own.case, own.mark, own.reviewer, own.note, st.session_state.get(key) or ())


def _own_review(card: ModelCard, case: str, reviewer: str) -> Review | None:
    """The stored review, because the page may show an earlier one; None without one, or if it cannot be read."""
    try:
        reviews = review_summary.review_store(card).all()
    except DataError:
        return None  # reported when the page is drawn
    return next((found for found in reviews if (found.case, found.reviewer) == (case, reviewer)), None)


def _save(card: ModelCard, case: str, mark: str, reviewer: str, note: str, tags: Iterable[str]) -> bool:
    """Save a mark with note and tags; returns whether it was saved, and keeps the reason for the page."""
    try:
        review_summary.review_store(card).add_annotation(case, mark, reviewer, note, tags)
    except DataError as error:
        st.session_state[_FAULT] = str(error)
        return False
    return True


def _undo(card: ModelCard, case: str, reviewer: str, note: str) -> None:
    try:
        review_summary.review_store(card).undo(reviewer, case)
    except DataError as error:
        st.session_state[_FAULT] = str(error)
        return
    own = _own_review(card, case, reviewer)
    st.session_state[note] = own.note if own else ""
    if own is not None:
        st.session_state[_tags_key(card, own)] = list(own.tags)
