"""Order and notes of a teaching file; rename and delete it."""

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

_ERROR_KEY, _CONFIRM_KEY = "teaching_order_fault", "teaching_delete_asked"


def show(record: TestRecord, root: Path | None, lesson: Lesson) -> None:
    """Draw one row per image, then the name of the teaching file and a button that deletes it.

    Args:
        record: the model and its test record.
        root: folder of the dataset; None to show no thumbnails.
        lesson: the teaching file.
    """
    error_message = st.session_state.pop(_ERROR_KEY, "")
    if error_message:
        st.error(layout.escape_markdown(error_message))
    rows = {row["id"]: row for row in record.test.to_dict("records")}
    for number, entry in enumerate(lesson.entries):
        _show_entry(record, root, lesson, number, entry, rows.get(entry.case))
    with st.container(horizontal=True, vertical_alignment="bottom", key="teaching-name"):
        key = f"teaching_rename {record.card.id} {lesson.name}"
        st.session_state.setdefault(key, lesson.name)
        st.text_input(
            "Name of this teaching file",
            key=key,
            max_chars=MAX_LESSON_NAME_LENGTH,
            on_change=boundary.callback(_rename),
            args=(record.card, lesson.name, key),
            width=340,
        )
        _show_delete(record.card, lesson.name)


def _show_delete(card: ModelCard, name: str) -> None:
    """Draw a button that deletes the teaching file after a confirmation."""
    if st.session_state.get(_CONFIRM_KEY) != name:
        st.button("Delete teaching file", key="teaching_ask", on_click=boundary.callback(_ask), args=(card,))
        return
    st.button(
        "Delete permanently",
        key="teaching_delete",
        type="primary",
        on_click=boundary.callback(_delete),
        args=(card, name),
    )
    st.button("Cancel", key="teaching_keep", on_click=boundary.callback(_keep))
    st.caption("The images are kept; their order and the notes are deleted.")


def _ask(card: ModelCard) -> None:
    # The present name: the teaching file may have been renamed after the button was drawn.
    st.session_state[_CONFIRM_KEY] = state.current_lesson(card)


def _keep() -> None:
    st.session_state[_CONFIRM_KEY] = ""


def _show_entry(
    record: TestRecord,
    root: Path | None,
    lesson: Lesson,
    number: int,
    entry: LessonEntry,
    row: dict | None,
) -> None:
    card, last = record.card, len(lesson.entries) - 1
    thumbnail, text, buttons = st.columns([1, 5, 3], vertical_alignment="center")
    with thumbnail:
        if root is not None and row is not None:
            _show_thumbnail(root, row["path"], number)
    with text:
        if row is None:
            facts = "no longer in the test record of the model"
        else:
            truth = label_text(int(row["label"]), card.finding)
            facts = f"label: {truth}, probability {row['probability']:.3f}"
        name = html.escape(case_list.short_name(entry.case))
        st.html(f'<p class="count teaching-film"><b>{number + 1}</b> · {name} · {facts}</p>')
        key = f"teaching_note {card.id} {lesson.name} {entry.case}"
        st.session_state.setdefault(key, entry.note)
        st.text_input(
            f"Note on image {number + 1}",
            key=key,
            max_chars=MAX_LESSON_NOTE_LENGTH,
            label_visibility="collapsed",
            placeholder="a note, shown after the answer",
            on_change=boundary.callback(_note),
            args=(card, lesson.name, entry.case, key),
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
                    lesson.name,
                    lambda lesson, case=entry.case, by=by: lesson.with_case_moved(case, by),
                ),
            )
        st.button(
            "Remove",
            key=f"teaching_out_{number}",
            on_click=boundary.callback(_change),
            args=(card, lesson.name, lambda lesson, case=entry.case: lesson.with_case_toggled(case)),
        )


def _show_thumbnail(root: Path, path: str, number: int) -> None:
    try:
        thumbnail = case_images.thumbnail_html(str(root), path, f"Image {number + 1}")
    except ImageReadError:
        st.caption("cannot be read")
        return
    st.html(f'<div class="thumb">{thumbnail}</div>')


def _note(card: ModelCard, name: str, case: str, key: str) -> None:
    note = st.session_state[key]
    _change(card, name, lambda lesson: lesson.with_note(case, note))


def _change(card: ModelCard, name: str, change: Callable[[Lesson], Lesson]) -> None:
    if _is_stale(card, name):
        return
    try:
        collect.lesson_store(card).update(name, change)
    except DataError as error:
        st.session_state[_ERROR_KEY] = str(error)


def _is_stale(card: ModelCard, name: str) -> bool:
    """Whether a widget belongs to a teaching file that was renamed or deleted.

    The browser may send the value of a removed text field once more; the file would be created again, empty.
    """
    return name not in collect.lesson_store(card)


def _rename(card: ModelCard, name: str, key: str) -> None:
    if _is_stale(card, name):
        return
    new = " ".join((st.session_state[key] or "").split())
    try:
        collect.lesson_store(card).rename(name, new)
    except DataError as error:
        st.session_state[_ERROR_KEY] = str(error)
        st.session_state[key] = name
        return
    state.open_lesson(card, new)


def _delete(card: ModelCard, name: str) -> None:
    try:
        collect.lesson_store(card).delete(name)
    except DataError as error:
        st.session_state[_ERROR_KEY] = str(error)
        return
    state.open_lesson(card, None)
