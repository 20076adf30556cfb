"""The name of the reviewer, which marks and notes carry."""

import streamlit as st

from fracture_core import paths
from fracture_core.review import last_reviewer
from fracture_core.review.annotation import MAX_NAME_LENGTH
from pages.components.common import access, boundary

#: Session state: the name as typed.
KEY = "failures_reviewer"


def ask_name() -> None:
    """Draw the field for the name. On the user's own computer it is remembered for the next visit."""
    if KEY not in st.session_state:
        st.session_state[KEY] = (
            "" if access.may_be_shared() else last_reviewer.last_reviewer(paths.runs_dir())
        )
    st.text_input(
        "Your name",
        key=KEY,
        max_chars=MAX_NAME_LENGTH,
        placeholder="for reviews",
        persist_state="session",
        on_change=boundary.callback(_remember),
    )


def current_name() -> str:
    """Return the name without surplus spaces; "" for none."""
    return " ".join(str(st.session_state.get(KEY) or "").split())


def change_name(name: str) -> None:
    """Set the name, in a callback."""
    st.session_state[KEY] = name
    _remember()


def _remember() -> None:
    if not access.may_be_shared():
        last_reviewer.remember_reviewer(paths.runs_dir(), current_name())
