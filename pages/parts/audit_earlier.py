"""Audits made before, each a click away."""

from datetime import UTC, datetime

import streamlit as st

from fracture_core.data.audit.job import Job
from fracture_core.job import State
from pages.parts import audit_jobs, boundary, layout

#: Audits listed.
_MOST = 20


def show(shown: str) -> None:
    """Lists the audits of other data sets, with what they came to.

    Args:
        shown: the data set whose audit the page shows already, "" for none.
    """
    others = [(job, state) for job, state in audit_jobs.known() if state.data != shown]
    if not others:
        return
    at_work = any(state.status == "running" for _, state in others)
    with st.expander(f"Earlier audits ({len(others):,})", expanded=at_work or not shown):
        for number, (job, state) in enumerate(others[:_MOST]):
            _row(number, job, state)


def _row(number: int, job: Job, state: State) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"audit_earlier_{number}"):
        with st.container(gap=None):
            st.button(
                layout.plain(state.data),
                key=f"audit_open_{number}",
                on_click=boundary.callback(_take),
                args=(state.data,),
                type="tertiary",
            )
            st.caption(_line(job.changed, state))
        st.button(
            "Forget",
            key=f"audit_forget_{number}",
            on_click=boundary.callback(job.forget),
            disabled=state.status == "running",
            help="Deletes the results of this audit; the films stay.",
        )


def _take(data: str) -> None:
    st.session_state[audit_jobs.FOLDER] = data


def _line(changed: float, state: State) -> str:
    """When, and what it came to."""
    what = "At work." if state.status == "running" else state.what
    return layout.plain(f"{datetime.fromtimestamp(changed, UTC):%Y-%m-%d %H:%M} UTC. {what}")
