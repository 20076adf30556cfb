"""Session state of the Train page: open view, chosen run and model, and the next notice."""

from typing import Any

import streamlit as st

from pages.components.common import layout

#: Views of the page.
RUNS_VIEW, NEW_VIEW, MODELS_VIEW, COMPARE_VIEW = "Runs", "New training", "Models", "Compare"

#: Keys of the session.
VIEW_KEY, RUN_KEY, MODEL_KEY = "train_view", "train_run", "train_model"

_PENDING, _NOTICE, _CHOICES = "train_pending", "train_notice", "train_run_choices"


def go_to(notice: str = "", **values: Any) -> None:
    """Draw the whole page again with other choices.

    The value of a widget cannot be set after it is drawn, so the choices are applied at the next run.

    Args:
        notice: a message to show once; "" for none.
        **values: choices by `VIEW_KEY`, `RUN_KEY` and `MODEL_KEY`.
    """
    st.session_state[_PENDING] = values
    if notice:
        st.session_state[_NOTICE] = notice
    st.rerun()


def open_run(name: str) -> None:
    """Choose a run before the page is drawn again."""
    st.session_state[RUN_KEY] = name
    st.session_state[_CHOICES] = st.session_state.get(_CHOICES, 0) + 1


def run_choice_number() -> int:
    """Return how often `open_run` was called; a new number makes the list of runs show the chosen one."""
    return st.session_state.get(_CHOICES, 0)


def apply_pending() -> None:
    """Apply the choices of `go_to`; called before any widget is drawn."""
    for key, value in st.session_state.pop(_PENDING, {}).items():
        st.session_state[key] = value


def show_notice() -> None:
    """Show the notice of `go_to`, once."""
    notice = st.session_state.pop(_NOTICE, "")
    if notice:
        st.success(layout.escape_markdown(notice))
