"""The address of what is being looked at, to be copied."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from pages.parts import boundary, failures_state
from pages.parts.failures_record import Record
from pages.parts.failures_state import View


@boundary.fragment
def show(record: Record, seen: View) -> None:
    """A button that shows the link; opening it draws it anew, for the slider of the prevalence moves nothing else."""
    with st.popover("Link to this view", key="failures_link", on_change="rerun"):
        st.code(
            address(st.context.url or "", failures_state.parameters(seen, record)),
            language=None,
            wrap_lines=True,
        )
        st.caption(
            "Opens the same model, threshold, list and film wherever this app has the model. It holds no film: the "
            "folder of the data set is named there once."
        )


def address(page: str, parameters: dict[str, str]) -> str:
    """The link; relative where the browser has not told where it is."""
    return f"{page}?{urlencode(parameters)}"
