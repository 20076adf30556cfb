"""Collecting films for teaching, from the list of failures and from an opened film."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from fracture_core import paths
from fracture_core.errors import DataError
from fracture_core.registry.card import ModelCard
from fracture_core.teaching.lesson import MAX_LESSON_NAME_LENGTH, Lesson
from fracture_core.teaching.lesson_store import LessonStore
from pages.components.common import boundary, layout

_FAULT = "teaching_fault"


def lesson_store(card: ModelCard) -> LessonStore:
    """Where the teaching files of a model are."""
    return LessonStore.for_model(paths.runs_dir(), card.id)


def chosen_lesson(card: ModelCard) -> str:
    """The name of the teaching file that is being filled; "" for none."""
    return " ".join((st.session_state.get(_key(card)) or "").split())[:MAX_LESSON_NAME_LENGTH]


def show(card: ModelCard, cases: Sequence[str]) -> Lesson | None:
    """Asks which teaching file is filled, and offers to add films.

    Args:
        card: of the model.
        cases: the films in sight.

    Returns:
        The teaching file; None where none is chosen.
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
            placeholder="a name, to begin or to go on",
            persist_state="session",
            width=340,
        )
        if not name:
            return None
        try:
            found = lesson_store(card).load(name)
        except DataError as error:
            st.error(layout.escape_markdown(str(error)))
            return None
        new = [case for case in cases if case not in found.cases]
        one = len(cases) == 1
        words = f"Add {len(new)} films" if not one else ("Add this film" if new else "Take this film out")
        st.button(
            words if new or one else "All in sight are in",
            key="teaching_add",
            shortcut="t" if one else None,
            disabled=not new and not one,
            on_click=boundary.callback(_toggle if one else _add),
            args=(card, name, cases[0] if one else tuple(new)) if cases else None,
        )
        st.page_link(
            "pages/teaching.py",
            label=f"Open in Teaching ({len(found.entries)} film{'s' * (len(found.entries) != 1)})",
            icon=":material/arrow_forward:",
            query_params={"model": card.id, "file": name},
        )
    fault = st.session_state.pop(_FAULT, "")
    if fault:
        st.error(layout.escape_markdown(fault))
    return found


def collect_button(card: ModelCard, found: Lesson, case: str, key: str) -> None:
    """Adds one film of a list, or takes it out."""
    within = case in found.cases
    st.button(
        "Take out" if within else "Add",
        key=key,
        type="primary" if within else "secondary",
        on_click=boundary.callback(_toggle),
        args=(card, found.name, case),
        width="stretch",
    )


def _key(card: ModelCard) -> str:
    return f"teaching_name {card.id}"


def _toggle(card: ModelCard, name: str, case: str) -> None:
    _change(card, name, lambda found: found.with_case_toggled(case))


def _add(card: ModelCard, name: str, cases: tuple[str, ...]) -> None:
    _change(card, name, lambda found: found.with_cases(cases))


def _change(card: ModelCard, name: str, how) -> None:
    try:
        lesson_store(card).update(name, how)
    except DataError as error:
        st.session_state[_FAULT] = str(error)
