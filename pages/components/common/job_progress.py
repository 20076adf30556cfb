"""Progress of a background job, with a button that cancels it."""

from collections.abc import Callable

import streamlit as st

from fracture_core.jobs.job import Job, JobState
from pages.components.common import boundary, layout

# Seconds between two updates.
_INTERVAL = 0.7


def show(job: Job, format_count: Callable[[JobState], str] | None = None) -> None:
    """Draw the progress and update it; rerun the page when the job has ended.

    Args:
        job: a running job.
        format_count: formats the progress of a state with more than one item; "3 of 10" by default.
    """
    boundary.fragment(_show_state, run_every=_INTERVAL)(job, format_count or _count_text)


def _show_state(job: Job, format_count: Callable[[JobState], str]) -> None:
    state = job.state()
    if state.status != "running":
        st.rerun()
    share = state.done / state.total if state.total else 0.0
    count = f", {format_count(state)}" if state.total > 1 else ""
    st.progress(min(share, 1.0), text=layout.escape_markdown(f"{state.message}{count}"))
    st.button("Cancel", on_click=boundary.callback(job.cancel), key=f"job_cancel_{job.folder.name}")
    st.caption("The job continues when you leave this page.")


def _count_text(state: JobState) -> str:
    return f"{state.done:,} of {state.total:,}"
