"""The address of what is being looked at, to be copied."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from pages.components.common import boundary
from pages.components.common.test_record import TestRecord
from pages.components.failures import state
from pages.components.failures.state import CaseView


@boundary.fragment
def show(record: TestRecord, seen: CaseView) -> None:
    """A button that shows the link; opening it draws it anew, for the slider of the prevalence moves nothing else."""
    with st.popover("Link to this view", key="failures_link", on_change="rerun"):
        st.code(
            page_url(st.context.url or "", state.address_parameters(seen, record)),
            language=None,
            wrap_lines=True,
        )
        st.caption(
            "Opens the same model, threshold, list and film wherever this app has the model. It holds no film: the "
            "folder of the data set is named there once."
        )


def page_url(page: str, parameters: dict[str, str]) -> str:
    """The link; relative where the browser has not told where it is."""
    return f"{page}?{urlencode(parameters)}"
