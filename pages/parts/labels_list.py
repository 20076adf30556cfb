"""The suspected films as a gallery, and the pictures that stand under both labels."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial

import streamlit as st

from fracture_core.errors import DataError
from fracture_core.review import Review
from fracture_core.suspects.suspects import Film, Suspects
from fracture_core.words import SPLITS, label_words
from pages.parts import (
    boundary,
    failures_gallery,
    failures_list,
    failures_reviews,
    folder,
    labels_state,
)
from pages.parts.failures_record import Record


def show(record: Record, found: Suspects) -> None:
    """Filters, a page of films, and the contradictions."""
    reviews = marks(record)
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


def marks(record: Record) -> list[Review]:
    """The reviews of the model's films; none where they cannot be read, which the section below says."""
    try:
        return failures_reviews.kept(record.card).all()
    except DataError:
        return []


def filtered(found: Suspects, reviews: Sequence[Review]) -> tuple[Film, ...]:
    """The suspected films that the filters keep."""
    ids = [film.case for film in found.suspected]
    wanted = st.session_state.get(labels_state.REVIEW, "")
    return labels_state.listed(found, failures_reviews.matching(reviews, wanted, ids))


def _filtered(record: Record, found: Suspects, reviews: Sequence[Review]) -> tuple[Film, ...]:
    finding = record.card.finding
    label, split, review = st.columns(3)
    with label:
        st.selectbox(
            "Label",
            labels_state.LABELS,
            format_func=lambda name: f"labelled {label_words(int(name), finding)}" if name else "either",
            key=labels_state.LABEL,
            on_change=boundary.callback(labels_state.to_page),
            args=(0,),
            persist_state="session",
        )
    with split:
        present = {film.split for film in found.suspected}
        st.selectbox(
            "Split",
            ["", *(name for name in SPLITS if name in present)],
            format_func=lambda name: name or "all",
            key=labels_state.SPLIT,
            on_change=boundary.callback(labels_state.to_page),
            args=(0,),
            persist_state="session",
        )
    with review:
        st.selectbox(
            "Review",
            list(failures_reviews.FILTERS),
            format_func=failures_reviews.FILTERS.__getitem__,
            key=labels_state.REVIEW,
            on_change=boundary.callback(labels_state.to_page),
            args=(0,),
            persist_state="session",
        )
    films = filtered(found, reviews)
    st.html(
        f'<p class="count">Showing {len(films):,} of {len(found.suspected):,}, the most doubtful label first. '
        f"Probability: of {finding}, by the labels of the other films.</p>"
    )
    if not films:
        st.info("No suspected film of this kind: choose another label, split or review.")
    return films


def _pages(record: Record, films: Sequence[Film], reviews: Sequence[Review], name: str) -> None:
    """One page of films, and the way to the others."""
    pages = failures_list.pages(len(films))
    page = min(labels_state.page(name), pages - 1)
    first = page * failures_list.PAGE
    _cards(record, films[first : first + failures_list.PAGE], reviews, name)
    failures_gallery.pager(f"labels_{name}", page, pages, partial(labels_state.to_page, name=name))


def _cards(record: Record, films: Sequence[Film], reviews: Sequence[Review], name: str) -> None:
    root = folder.known(record.card, failures_gallery.film_of(record))
    with st.container(key=f"failures-gallery-{name}"):
        for number, film in enumerate(films):
            with st.container(key=f"labels-{name}-{number}", gap=None):
                picture = failures_gallery.picture_of(root, film.path, film.case) if root else ""
                said = [review.mark for review in reviews if review.case == film.case]
                st.html(card(film, picture, record.card.finding, said))
                st.button(
                    failures_list.short(film.case),
                    key=f"labels-open-{name}-{number}",
                    on_click=boundary.callback(labels_state.open_film),
                    args=(film.case,),
                    width="stretch",
                )


def card(film: Film, picture: str, finding: str, marks: Sequence[str]) -> str:
    """A film with its label, what the others say of it, and how it was marked, as HTML."""
    place = " · ".join(filter(None, (film.split, ", ".join(film.regions.split()))))
    said = f'<div class="small">marked: {html.escape(", ".join(marks))}</div>' if marks else ""
    label = label_words(film.label, finding)
    return (
        f'<div class="card">{picture}<div class="kind">labelled {label}</div>'
        f"<div>probability <b>{film.probability:.3f}</b></div>"
        f'<div class="small">{html.escape(place) or "no split"}</div>{said}</div>'
    )
