"""The open teaching file, in the session and in the URL."""

from __future__ import annotations

import streamlit as st

from fracture_core.registry.card import ModelCard
from pages.components.failures import state

_LINKED_KEY = "teaching_linked"


def read_address() -> None:
    """Read model and teaching file from the URL when the page is opened."""
    if st.session_state.get("arrived"):
        params = st.query_params
        if params.get("model"):
            st.session_state[state.MODEL_KEY] = params["model"]
        st.session_state[_LINKED_KEY] = params.get("file", "")


def choose_lesson(card: ModelCard, names: list[str]) -> str:
    """Draw the choice of a teaching file; the one in the URL is selected first.

    Args:
        card: card of the model.
        names: names of all teaching files, at least one.

    Returns:
        The chosen name.
    """
    linked = st.session_state.pop(_LINKED_KEY, "")
    key = _key(card)
    if linked in names:
        st.session_state[key] = linked
    elif linked:
        st.warning("This model has no teaching file of that name. Choose one.")
    if st.session_state.get(key) not in names:
        st.session_state[key] = names[0]
    return st.selectbox("Teaching file", names, key=key, persist_state="session")


def open_lesson(card: ModelCard, name: str | None) -> None:
    """Open a teaching file; None opens the first one."""
    st.session_state[_key(card)] = name


def current_lesson(card: ModelCard) -> str:
    """Return the name of the open teaching file; "" for none."""
    return st.session_state.get(_key(card)) or ""


def write_address(card: ModelCard, name: str) -> None:
    """Write the view into the URL."""
    params = {"model": card.id, **({"file": name} if name else {})}
    if st.query_params.to_dict() != params:
        st.query_params.from_dict(params)


def _key(card: ModelCard) -> str:
    return f"teaching_file {card.id}"
