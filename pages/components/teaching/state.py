"""Which teaching file is open: kept for the session, and in the address."""

from __future__ import annotations

import streamlit as st

from fracture_core.registry.card import ModelCard
from pages.components.failures import state

_LINKED = "teaching_linked"


def read_address() -> None:
    """Takes model and teaching file from the address, whenever the page is come to."""
    if st.session_state.get("arrived"):
        params = st.query_params
        if params.get("model"):
            st.session_state[state.MODEL_KEY] = params["model"]
        st.session_state[_LINKED] = params.get("file", "")


def choose_lesson(card: ModelCard, names: list[str]) -> str:
    """Asks which teaching file; the linked one at first.

    Args:
        card: of the model.
        names: all of them, at least one.
    """
    linked = st.session_state.pop(_LINKED, "")
    key = _key(card)
    if linked in names:
        st.session_state[key] = linked
    elif linked:
        st.warning("There is no such teaching file of this model: choose one.")
    if st.session_state.get(key) not in names:
        st.session_state[key] = names[0]
    return st.selectbox("Teaching file", names, key=key, persist_state="session")


def open_lesson(card: ModelCard, name: str | None) -> None:
    """Opens another one."""
    st.session_state[_key(card)] = name


def current_lesson(card: ModelCard) -> str:
    """The name of the opened one."""
    return st.session_state.get(_key(card)) or ""


def write_address(card: ModelCard, name: str) -> None:
    """Writes the view into the address."""
    params = {"model": card.id, **({"file": name} if name else {})}
    if st.query_params.to_dict() != params:
        st.query_params.from_dict(params)


def _key(card: ModelCard) -> str:
    return f"teaching_file {card.id}"
