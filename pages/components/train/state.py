"""What the Train page remembers: which part is open, which run and model are chosen, what to tell next."""

from typing import Any

import streamlit as st

#: The parts of the page, as its switch names them.
RUNS_VIEW, NEW_VIEW, MODELS_VIEW, COMPARE_VIEW = "Runs", "New training", "Models", "Compare"

#: Under these names the session keeps what is chosen.
VIEW_KEY, RUN_KEY, MODEL_KEY = "train_view", "train_run", "train_model"

_PENDING, _NOTICE = "train_pending", "train_notice"


def go_to(notice: str = "", **values: Any) -> None:
    """Draws the whole page anew with other choices.

    A widget's value cannot be set once it is drawn, so the choices are noted and made at the next run.

    Args:
        notice: a sentence to show there once.
        **values: what to choose, by `VIEW_KEY`, `RUN_KEY` and `MODEL_KEY`.
    """
    st.session_state[_PENDING] = values
    if notice:
        st.session_state[_NOTICE] = notice
    st.rerun()


def apply_pending() -> None:
    """Makes the choices that `go_to` noted; called before any widget is drawn."""
    for key, value in st.session_state.pop(_PENDING, {}).items():
        st.session_state[key] = value


def show_notice() -> None:
    """Shows the sentence that `go_to` left, once."""
    notice = st.session_state.pop(_NOTICE, "")
    if notice:
        st.success(notice)
