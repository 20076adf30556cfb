"""Collecting films for teaching, from the list of failures and from an opened film."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from fracture_core import places
from fracture_core.errors import DataError
from fracture_core.registry.card import Card
from fracture_core.teaching.collection import LONGEST_NAME, Collection
from fracture_core.teaching.shelf import Shelf
from pages.parts import boundary, layout

_FAULT = "teaching_fault"


def shelf(card: Card) -> Shelf:
    """Where the teaching files of a model are."""
    return Shelf.of(places.runs(), card.id)


def chosen(card: Card) -> str:
    """The name of the teaching file that is being filled; "" for none."""
    return " ".join((st.session_state.get(_key(card)) or "").split())[:LONGEST_NAME]


def show(card: Card, cases: Sequence[str]) -> Collection | None:
    """Asks which teaching file is filled, and offers to add films.

    Args:
        card: of the model.
        cases: the films in sight.

    Returns:
        The teaching file; None where none is chosen.
    """
    name = chosen(card)
    names = shelf(card).names()
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
            found = shelf(card).get(name)
        except DataError as error:
            st.error(layout.plain(str(error)))
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
        st.error(layout.plain(fault))
    return found


def button(card: Card, found: Collection, case: str, key: str) -> None:
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


def _key(card: Card) -> str:
    return f"teaching_name {card.id}"


def _toggle(card: Card, name: str, case: str) -> None:
    _change(card, name, lambda found: found.toggled(case))


def _add(card: Card, name: str, cases: tuple[str, ...]) -> None:
    _change(card, name, lambda found: found.with_films(cases))


def _change(card: Card, name: str, how) -> None:
    try:
        shelf(card).change(name, how)
    except DataError as error:
        st.session_state[_FAULT] = str(error)
