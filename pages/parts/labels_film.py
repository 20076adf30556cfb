"""One film of the list: the film, where the model looked, its label, what the others say, and the marks."""

from __future__ import annotations

import html

import streamlit as st

from fracture_core.registry.card import Card
from fracture_core.suspects.suspects import Film, Suspects
from fracture_core.words import label_words
from pages.parts import (
    boundary,
    failures_case,
    failures_films,
    failures_gallery,
    failures_list,
    failures_review,
    folder,
    labels_list,
    labels_state,
)
from pages.parts.failures_record import Record

_LEARNT = "the network learnt from this label"


def show(record: Record, found: Suspects, film: Film) -> None:
    """Draws it."""
    st.subheader(f"Film {failures_list.short(film.case)}", anchor=False)
    _steps(record, found, film)
    root = folder.known(record.card, failures_gallery.film_of(record))
    boxes = failures_films.boxes(str(root)).get(film.case, ()) if root is not None else ()
    left, right = st.columns([5, 2], gap="medium")
    # Said first: the model may have to be loaded before the film is there.
    with right:
        st.html(facts(record, found, film, len(boxes)))
    with left:
        if root is not None:
            look = failures_case.ask(record.card, str(root), film.path)
            if look is not None:
                failures_case.pictures(look, boxes, bool(film.label), film.case, record.card.finding)
        if found.own:
            failures_review.show(record.card, film.case)


def _steps(record: Record, found: Suspects, film: Film) -> None:
    """Back, previous, next; a film among the contradictions alone has neighbours there."""
    ids = [each.case for each in labels_list.filtered(found, labels_list.marks(record))]
    if film.case not in ids:
        ids = [each.case for each in found.every()]
    place, before, after = failures_list.neighbours(ids, film.case)
    with st.container(horizontal=True, vertical_alignment="center", key="labels-steps"):
        st.button(
            "Back to the list",
            key="labels_back",
            on_click=boundary.callback(labels_state.open_film),
            args=("",),
        )
        for words, key, by, case in (("Previous", "previous", -1, before), ("Next", "next", 1, after)):
            st.button(
                words,
                key=f"labels_{key}",
                shortcut=key[0],
                disabled=case is None,
                on_click=boundary.callback(labels_state.step),
                args=(ids, by),
            )
        st.html(f'<span class="count">{(place or 0) + 1:,} of {len(ids):,}</span>', width="content")


def facts(record: Record, found: Suspects, film: Film, marked: int) -> str:
    """What is known of the film, as HTML."""
    card: Card = record.card
    where = f", marked in {marked} place{'s' if marked > 1 else ''}" if marked else ""
    others = label_words(1 - film.label, card.finding)
    both = any(film in films for films in found.contradictions)
    own = record.test[record.test["id"] == film.case]["probability"]
    lines = [
        ("Label in the data set", label_words(film.label, card.finding) + where),
        (f"Probability of {card.finding} by the other films", f"{film.probability:.3f}"),
        ("The model’s own", f"{own.iloc[0]:.3f}, never having seen this film" if len(own) else ""),
        ("Same picture under the other label", ", ".join(_others(found, film)) if both else ""),
        ("Split", f"{film.split}: {_LEARNT}" if found.own and film.split == "train" else film.split),
        ("Region", ", ".join(film.regions.split())),
        ("Group", "" if film.group in ("", film.case) else film.group),
        ("File", film.path),
    ]
    body = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in lines if value)
    why = (
        f"labelled {label_words(film.label, card.finding)}, looks like {others}"
        if film in found.suspected
        else ""
    )
    return f'<div class="facts"><div class="kind">{why or "a picture under both labels"}</div><dl>{body}</dl></div>'


def _others(found: Suspects, film: Film) -> list[str]:
    return [
        each.case
        for films in found.contradictions
        if film in films
        for each in films
        if each.label != film.label
    ]
