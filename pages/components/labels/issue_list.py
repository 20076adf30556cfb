"""The suspected films as a gallery, and the pictures that stand under both labels."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial

import streamlit as st

from fracture_core.errors import DataError
from fracture_core.label_errors.label_issues import LabelIssue, LabelIssues
from fracture_core.review import Review
from fracture_core.vocabulary import SPLITS, label_text
from pages.components.common import boundary, data_folder, review_summary
from pages.components.common.test_record import TestRecord
from pages.components.failures import case_list, gallery
from pages.components.labels import state


def show(record: TestRecord, found: LabelIssues) -> None:
    """Filters, a page of films, and the contradictions."""
    reviews = load_reviews(record)
    if found.suspected:
        films = _filtered(record, found, reviews)
        _pages(record, films, reviews, "suspect")
    else:
        st.success("No label is suspected.")
    if found.contradictions:
        st.subheader("Pictures under both labels", anchor=False)
        st.caption(
            "The same picture, perhaps turned or saved again, with and without the finding: one label is wrong."
        )
        both = [film for films in found.contradictions for film in films]
        _pages(record, both, reviews, "contradiction")


def load_reviews(record: TestRecord) -> list[Review]:
    """The reviews of the model's films; none where they cannot be read, which the section below says."""
    try:
        return review_summary.review_store(record.card).all()
    except DataError:
        return []


def filter_issues(found: LabelIssues, reviews: Sequence[Review]) -> tuple[LabelIssue, ...]:
    """The suspected films that the filters keep."""
    ids = [film.case for film in found.suspected]
    wanted = st.session_state.get(state.REVIEW_KEY, "")
    return state.filter_issues(found, review_summary.filter_by_review(reviews, wanted, ids))


def _filtered(record: TestRecord, found: LabelIssues, reviews: Sequence[Review]) -> tuple[LabelIssue, ...]:
    finding = record.card.finding
    label, split, review = st.columns(3)
    with label:
        st.selectbox(
            "Label",
            state.LABEL_FILTERS,
            format_func=lambda name: f"labelled {label_text(int(name), finding)}" if name else "either",
            key=state.LABEL_KEY,
            on_change=boundary.callback(state.turn_to_page),
            args=(0,),
            persist_state="session",
        )
    with split:
        present = {film.split for film in found.suspected}
        st.selectbox(
            "Split",
            ["", *(name for name in SPLITS if name in present)],
            format_func=lambda name: name or "all",
            key=state.SPLIT_KEY,
            on_change=boundary.callback(state.turn_to_page),
            args=(0,),
            persist_state="session",
        )
    with review:
        st.selectbox(
            "Review",
            list(review_summary.REVIEW_FILTERS),
            format_func=review_summary.REVIEW_FILTERS.__getitem__,
            key=state.REVIEW_KEY,
            on_change=boundary.callback(state.turn_to_page),
            args=(0,),
            persist_state="session",
        )
    films = filter_issues(found, reviews)
    st.html(
        f'<p class="count">Showing {len(films):,} of {len(found.suspected):,}, the most doubtful label first. '
        f"Probability: of {finding}, by the labels of the other films.</p>"
    )
    if not films:
        st.info("No suspected film of this kind: choose another label, split or review.")
    return films


def _pages(record: TestRecord, films: Sequence[LabelIssue], reviews: Sequence[Review], name: str) -> None:
    """One page of films, and the way to the others."""
    pages = case_list.page_count(len(films))
    page = min(state.current_page(name), pages - 1)
    first = page * case_list.PAGE_SIZE
    _cards(record, films[first : first + case_list.PAGE_SIZE], reviews, name)
    gallery.show_pager(f"labels_{name}", page, pages, partial(state.turn_to_page, name=name))


def _cards(record: TestRecord, films: Sequence[LabelIssue], reviews: Sequence[Review], name: str) -> None:
    root = data_folder.known_folder(record.card, gallery.path_of(record))
    with st.container(key=f"failures-gallery-{name}"):
        for number, film in enumerate(films):
            with st.container(key=f"labels-{name}-{number}", gap=None):
                picture = gallery.thumbnail_or_text(root, film.path, film.case) if root else ""
                said = [review.mark for review in reviews if review.case == film.case]
                st.html(issue_html(film, picture, record.card.finding, said))
                st.button(
                    case_list.short_name(film.case),
                    key=f"labels-open-{name}-{number}",
                    on_click=boundary.callback(state.open_film),
                    args=(film.case,),
                    width="stretch",
                )


def issue_html(film: LabelIssue, picture: str, finding: str, marks: Sequence[str]) -> str:
    """A film with its label, what the others say of it, and how it was marked, as HTML."""
    place = " · ".join(filter(None, (film.split, ", ".join(film.regions.split()))))
    said = f'<div class="small">marked: {html.escape(", ".join(marks))}</div>' if marks else ""
    label = label_text(film.label, finding)
    return (
        f'<div class="card">{picture}<div class="kind">labelled {label}</div>'
        f"<div>probability <b>{film.probability:.3f}</b></div>"
        f'<div class="small">{html.escape(place) or "no split"}</div>{said}</div>'
    )
