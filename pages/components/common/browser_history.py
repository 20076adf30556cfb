"""The browser's *Back* and *Forward* within a page.

A page writes its view into the URL, and each change is an entry of the history. Streamlit reruns the page when
the browser goes back to such an entry; the page then reads its view from the URL again.
"""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_PENDING = "history_pending"


def note_visit() -> None:
    """Note whether this run was started by *Back* or *Forward*."""
    context = get_script_run_ctx()
    if context is not None and context.is_history_navigation:
        st.session_state[_PENDING] = True


def came_back() -> bool:
    """Return whether the page has to read its view from the URL, because the browser went back or forward."""
    return bool(st.session_state.get(_PENDING))


def end_visit() -> None:
    """Note that the page is drawn. Until then, a rerun that interrupts this one reads the URL again."""
    st.session_state[_PENDING] = False
