"""The films of a teaching file in their order: moved, taken out, and written about."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from fracture_core.errors import DataError, ImageReadError
from fracture_core.registry.card import ModelCard
from fracture_core.teaching.lesson import MAX_LESSON_NAME_LENGTH, MAX_LESSON_NOTE_LENGTH, Lesson, LessonEntry
from fracture_core.vocabulary import label_text
from pages.components.common import boundary, case_images, layout
from pages.components.common.test_record import TestRecord
from pages.components.failures import case_list
from pages.components.teaching import collect, state

_FAULT, _ASKED = "teaching_order_fault", "teaching_delete_asked"


def show(record: TestRecord, root: Path | None, collection: Lesson) -> None:
    """One row a film, then the name and the end of the teaching file."""
    fault = st.session_state.pop(_FAULT, "")
    if fault:
        st.error(layout.escape_markdown(fault))
    rows = {row["id"]: row for row in record.test.to_dict("records")}
    for number, entry in enumerate(collection.entries):
        _row(record, root, collection, number, entry, rows.get(entry.case))
    with st.container(horizontal=True, vertical_alignment="bottom", key="teaching-name"):
        key = f"teaching_rename {record.card.id} {collection.name}"
        st.session_state.setdefault(key, collection.name)
        st.text_input(
            "Name of this teaching file",
            key=key,
            max_chars=MAX_LESSON_NAME_LENGTH,
            on_change=boundary.callback(_rename),
            args=(record.card, collection.name, key),
            width=340,
        )
        _end(record.card, collection.name)


def _end(card: ModelCard, name: str) -> None:
    """Deletes the teaching file once that is asked for twice."""
    if st.session_state.get(_ASKED) != name:
        st.button(
            "Delete this teaching file", key="teaching_ask", on_click=boundary.callback(_ask), args=(card,)
        )
        return
    st.button(
        "Delete it for good",
        key="teaching_delete",
        type="primary",
        on_click=boundary.callback(_delete),
        args=(card, name),
    )
    st.button("Keep it", key="teaching_keep", on_click=boundary.callback(_keep))
    st.caption("The films stay where they are; their order and the notes are forgotten.")


def _ask(card: ModelCard) -> None:
    # Of the name as it is now: the button may have been drawn before another was given.
    st.session_state[_ASKED] = state.current_lesson(card)


def _keep() -> None:
    st.session_state[_ASKED] = ""


def _row(
    record: TestRecord,
    root: Path | None,
    collection: Lesson,
    number: int,
    entry: LessonEntry,
    row: dict | None,
) -> None:
    card, last = record.card, len(collection.entries) - 1
    picture, words, buttons = st.columns([1, 5, 3], vertical_alignment="center")
    with picture:
        if root is not None and row is not None:
            _picture(root, row["path"], number)
    with words:
        if row is None:
            told = "not in the model’s record any more"
        else:
            truth = label_text(int(row["label"]), card.finding)
            told = f"truth: {truth}, probability {row['probability']:.3f}"
        name = html.escape(case_list.short_name(entry.case))
        st.html(f'<p class="count teaching-film"><b>{number + 1}</b> · {name} · {told}</p>')
        key = f"teaching_note {card.id} {collection.name} {entry.case}"
        st.session_state.setdefault(key, entry.note)
        st.text_input(
            f"Note on film {number + 1}",
            key=key,
            max_chars=MAX_LESSON_NOTE_LENGTH,
            label_visibility="collapsed",
            placeholder="a note, told at the end of this film",
            on_change=boundary.callback(_note),
            args=(card, collection.name, entry.case, key),
        )
    with buttons, st.container(horizontal=True):
        for label, by, off in (("Earlier", -1, number == 0), ("Later", 1, number == last)):
            st.button(
                label,
                key=f"teaching_{label.lower()}_{number}",
                disabled=off,
                on_click=boundary.callback(_change),
                args=(
                    card,
                    collection.name,
                    lambda found, case=entry.case, by=by: found.with_case_moved(case, by),
                ),
            )
        st.button(
            "Take out",
            key=f"teaching_out_{number}",
            on_click=boundary.callback(_change),
            args=(card, collection.name, lambda found, case=entry.case: found.with_case_toggled(case)),
        )


def _picture(root: Path, path: str, number: int) -> None:
    try:
        thumbnail = case_images.thumbnail_html(str(root), path, f"Film {number + 1}")
    except ImageReadError:
        st.caption("cannot be read")
        return
    st.html(f'<div class="thumb">{thumbnail}</div>')


def _note(card: ModelCard, name: str, case: str, key: str) -> None:
    note = st.session_state[key]
    _change(card, name, lambda found: found.with_note(case, note))


def _change(card: ModelCard, name: str, how: Callable[[Lesson], Lesson]) -> None:
    if _gone(card, name):
        return
    try:
        collect.lesson_store(card).update(name, how)
    except DataError as error:
        st.session_state[_FAULT] = str(error)


def _gone(card: ModelCard, name: str) -> bool:
    """Whether a field speaks of a file that has another name by now, or none.

    The browser sends what stood in a field once more where the page is drawn again before it has noticed that the field
    is gone; the file would come back empty.
    """
    return name not in collect.lesson_store(card)


def _rename(card: ModelCard, name: str, key: str) -> None:
    if _gone(card, name):
        return
    new = " ".join((st.session_state[key] or "").split())
    try:
        collect.lesson_store(card).rename(name, new)
    except DataError as error:
        st.session_state[_FAULT] = str(error)
        st.session_state[key] = name
        return
    state.open_lesson(card, new)


def _delete(card: ModelCard, name: str) -> None:
    try:
        collect.lesson_store(card).delete(name)
    except DataError as error:
        st.session_state[_FAULT] = str(error)
        return
    state.open_lesson(card, None)
