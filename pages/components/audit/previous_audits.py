"""Audits made before, each a click away."""

from datetime import UTC, datetime

import streamlit as st

from fracture_core.audit.audit_job import AuditJob
from fracture_core.jobs.job import JobState
from pages.components.audit import jobs
from pages.components.common import boundary, layout

#: Audits listed.
_MOST = 20


def show(shown: str) -> None:
    """Lists the audits of other data sets, with what they came to.

    Args:
        shown: the data set whose audit the page shows already, "" for none.
    """
    others = [(job, state) for job, state in jobs.all_jobs() if state.data != shown]
    if not others:
        return
    at_work = any(state.status == "running" for _, state in others)
    with st.expander(f"Earlier audits ({len(others):,})", expanded=at_work or not shown):
        for number, (job, state) in enumerate(others[:_MOST]):
            _row(number, job, state)


def _row(number: int, job: AuditJob, state: JobState) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"audit_earlier_{number}"):
        with st.container(gap=None):
            st.button(
                layout.escape_markdown(state.data),
                key=f"audit_open_{number}",
                on_click=boundary.callback(_open),
                args=(state.data,),
                type="tertiary",
            )
            st.caption(_line(job.changed_at, state))
        st.button(
            "Forget",
            key=f"audit_forget_{number}",
            on_click=boundary.callback(job.forget),
            disabled=state.status == "running",
            help="Deletes the results of this audit; the films stay.",
        )


def _open(data: str) -> None:
    st.session_state[jobs.FOLDER] = data


def _line(changed: float, state: JobState) -> str:
    """When, and what it came to."""
    what = "At work." if state.status == "running" else state.message
    return layout.escape_markdown(f"{datetime.fromtimestamp(changed, UTC):%Y-%m-%d %H:%M} UTC. {what}")
