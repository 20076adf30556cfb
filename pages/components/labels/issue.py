"""One film of the list: the film, where the model looked, its label, what the others say, and the marks."""

from __future__ import annotations

import html

import streamlit as st

from fracture_core.label_errors.label_issues import LabelIssue, LabelIssues
from fracture_core.registry.card import ModelCard
from fracture_core.vocabulary import label_text
from pages.components.common import boundary, case_images, data_folder
from pages.components.common.test_record import TestRecord
from pages.components.failures import case, case_list, gallery, review_form
from pages.components.labels import issue_list, state

_LEARNT = "the network learnt from this label"


def show(record: TestRecord, found: LabelIssues, film: LabelIssue) -> None:
    """Draws it."""
    st.subheader(f"Film {case_list.short_name(film.case)}", anchor=False)
    _steps(record, found, film)
    root = data_folder.known_folder(record.card, gallery.path_of(record))
    boxes = case_images.true_boxes(str(root)).get(film.case, ()) if root is not None else ()
    left, right = st.columns([5, 2], gap="medium")
    # Said first: the model may have to be loaded before the film is there.
    with right:
        st.html(facts_html(record, found, film, len(boxes)))
    with left:
        if root is not None:
            look = case.explain_case(record.card, str(root), film.path)
            if look is not None:
                case.show_images(look, boxes, bool(film.label), film.case, record.card.finding)
        if found.own:
            review_form.show(record.card, film.case)


def _steps(record: TestRecord, found: LabelIssues, film: LabelIssue) -> None:
    """Back, previous, next; a film among the contradictions alone has neighbours there."""
    ids = [each.case for each in issue_list.filter_issues(found, issue_list.load_reviews(record))]
    if film.case not in ids:
        ids = [each.case for each in found.all_issues()]
    place, before, after = case_list.neighbours(ids, film.case)
    with st.container(horizontal=True, vertical_alignment="center", key="labels-steps"):
        st.button(
            "Back to the list",
            key="labels_back",
            on_click=boundary.callback(state.open_film),
            args=("",),
        )
        for words, key, by, case in (("Previous", "previous", -1, before), ("Next", "next", 1, after)):
            st.button(
                words,
                key=f"labels_{key}",
                shortcut=key[0],
                disabled=case is None,
                on_click=boundary.callback(state.step_case),
                args=(ids, by),
            )
        st.html(f'<span class="count">{(place or 0) + 1:,} of {len(ids):,}</span>', width="content")


def facts_html(record: TestRecord, found: LabelIssues, film: LabelIssue, marked: int) -> str:
    """What is known of the film, as HTML."""
    card: ModelCard = record.card
    where = f", marked in {marked} place{'s' if marked > 1 else ''}" if marked else ""
    others = label_text(1 - film.label, card.finding)
    both = any(film in films for films in found.contradictions)
    own = record.test[record.test["id"] == film.case]["probability"]
    lines = [
        ("Label in the data set", label_text(film.label, card.finding) + where),
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
        f"labelled {label_text(film.label, card.finding)}, looks like {others}"
        if film in found.suspected
        else ""
    )
    return f'<div class="facts"><div class="kind">{why or "a picture under both labels"}</div><dl>{body}</dl></div>'


def _others(found: LabelIssues, film: LabelIssue) -> list[str]:
    return [
        each.case
        for films in found.contradictions
        if film in films
        for each in films
        if each.label != film.label
    ]
