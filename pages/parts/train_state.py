"""What the Train page remembers: which part is open, which run and model are chosen, what to tell next."""

from typing import Any

import streamlit as st

#: The parts of the page, as its switch names them.
RUNS, NEW, MODELS, COMPARE = "Runs", "New training", "Models", "Compare"

#: Under these names the session keeps what is chosen.
VIEW, RUN, MODEL = "train_view", "train_run", "train_model"

_PENDING, _NOTICE = "train_pending", "train_notice"


def go(notice: str = "", **values: Any) -> None:
    """Draws the whole page anew with other choices.

    A widget's value cannot be set once it is drawn, so the choices are noted and made at the next run.

    Args:
        notice: a sentence to show there once.
        **values: what to choose, by `VIEW`, `RUN` and `MODEL`.
    """
    st.session_state[_PENDING] = values
    if notice:
        st.session_state[_NOTICE] = notice
    st.rerun()


def apply() -> None:
    """Makes the choices that `go` noted; called before any widget is drawn."""
    for key, value in st.session_state.pop(_PENDING, {}).items():
        st.session_state[key] = value


def show_notice() -> None:
    """Shows the sentence that `go` left, once."""
    notice = st.session_state.pop(_NOTICE, "")
    if notice:
        st.success(notice)
