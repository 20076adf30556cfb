"""A list of earlier audits."""

from datetime import UTC, datetime

import streamlit as st

from fracture_core.audit.audit_job import AuditJob
from fracture_core.jobs.job import JobState
from pages.components.audit import jobs
from pages.components.common import boundary, layout

# Audits in the list.
_MAX_LISTED = 20


def show(shown: str) -> None:
    """List the audits of other datasets with their results.

    Args:
        shown: the dataset whose audit the page shows; "" for none.
    """
    others = [(job, state) for job, state in jobs.all_jobs() if state.data != shown]
    if not others:
        return
    any_running = any(state.status == "running" for _, state in others)
    with st.expander(f"Earlier audits ({len(others):,})", expanded=any_running or not shown):
        for number, (job, state) in enumerate(others[:_MAX_LISTED]):
            _show_audit(number, job, state)


def _show_audit(number: int, job: AuditJob, state: JobState) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"audit_earlier_{number}"):
        with st.container(gap=None):
            st.button(
                layout.escape_markdown(state.data),
                key=f"audit_open_{number}",
                on_click=boundary.callback(_open_audit),
                args=(state.data,),
                type="tertiary",
            )
            st.caption(_summary(job.changed_at, state))
        st.button(
            "Delete",
            key=f"audit_forget_{number}",
            on_click=boundary.callback(job.forget),
            disabled=state.status == "running",
            help="Delete the results of this audit. The images are kept.",
        )


def _open_audit(data: str) -> None:
    st.session_state[jobs.FOLDER] = data


def _summary(changed: float, state: JobState) -> str:
    """Time and result of an audit."""
    what = "Running." if state.status == "running" else state.message
    return layout.escape_markdown(f"{datetime.fromtimestamp(changed, UTC):%Y-%m-%d %H:%M} UTC. {what}")
