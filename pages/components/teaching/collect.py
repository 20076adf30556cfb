"""Add images to a teaching file, from the list of failures and from an opened image."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from fracture_core import paths
from fracture_core.errors import DataError
from fracture_core.registry.card import ModelCard
from fracture_core.teaching.lesson import MAX_LESSON_NAME_LENGTH, Lesson
from fracture_core.teaching.lesson_store import LessonStore
from pages.components.common import boundary, layout

_ERROR_KEY = "teaching_fault"


def lesson_store(card: ModelCard) -> LessonStore:
    """Return the teaching files of a model."""
    return LessonStore.for_model(paths.runs_dir(), card.id)


def chosen_lesson(card: ModelCard) -> str:
    """Return the name of the teaching file that images are added to; "" for none."""
    return " ".join((st.session_state.get(_key(card)) or "").split())[:MAX_LESSON_NAME_LENGTH]


def show(card: ModelCard, cases: Sequence[str]) -> Lesson | None:
    """Draw the choice of a teaching file and a button that adds images.

    Args:
        card: card of the model.
        cases: ids of the visible images.

    Returns:
        The teaching file; None if none is chosen.
    """
    name = chosen_lesson(card)
    names = lesson_store(card).names()
    with st.container(horizontal=True, vertical_alignment="bottom", key="teaching-collect"):
        st.selectbox(
            "Collect for teaching",
            [*names, *({name} - {"", *names})],
            index=None,
            key=_key(card),
            accept_new_options=True,
            placeholder="name of a new or existing teaching file",
            persist_state="session",
            width=340,
        )
        if not name:
            return None
        try:
            lesson = lesson_store(card).load(name)
        except DataError as error:
            st.error(layout.escape_markdown(str(error)))
            return None
        new = [case for case in cases if case not in lesson.cases]
        single = len(cases) == 1
        if single:
            label = "Add this image" if new else "Remove this image"
        else:
            label = f"Add {len(new)} image{'s' * (len(new) != 1)}" if new else "All visible images added"
        st.button(
            label,
            key="teaching_add",
            shortcut="t" if single else None,
            disabled=not new and not single,
            on_click=boundary.callback(_toggle if single else _add),
            args=(card, name, cases[0] if single else tuple(new)) if cases else None,
        )
        st.page_link(
            "pages/teaching.py",
            label=f"Open in Teaching ({len(lesson.entries)} image{'s' * (len(lesson.entries) != 1)})",
            icon=":material/arrow_forward:",
            query_params={"model": card.id, "file": name},
        )
    error_message = st.session_state.pop(_ERROR_KEY, "")
    if error_message:
        st.error(layout.escape_markdown(error_message))
    return lesson


def collect_button(card: ModelCard, lesson: Lesson, case: str, key: str) -> None:
    """Draw a button that adds an image to a teaching file, or removes it.

    Args:
        card: card of the model.
        lesson: the teaching file.
        case: id of the image.
        key: key of the button.
    """
    included = case in lesson.cases
    st.button(
        "Remove" if included else "Add",
        key=key,
        type="primary" if included else "secondary",
        on_click=boundary.callback(_toggle),
        args=(card, lesson.name, case),
        width="stretch",
    )


def _key(card: ModelCard) -> str:
    return f"teaching_name {card.id}"


def _toggle(card: ModelCard, name: str, case: str) -> None:
    _change(card, name, lambda lesson: lesson.with_case_toggled(case))


def _add(card: ModelCard, name: str, cases: tuple[str, ...]) -> None:
    _change(card, name, lambda lesson: lesson.with_cases(cases))


def _change(card: ModelCard, name: str, change: Callable[[Lesson], Lesson]) -> None:
    try:
        lesson_store(card).update(name, change)
    except DataError as error:
        st.session_state[_ERROR_KEY] = str(error)
