"""A job at work: how far it is, and a way to end it."""

from collections.abc import Callable

import streamlit as st

from fracture_core.jobs.job import Job, JobState
from pages.components.common import boundary

#: Seconds between two looks.
_EVERY = 0.7


def show(job: Job, counted: Callable[[JobState], str] | None = None) -> None:
    """Draws the progress again and again; draws the whole page anew when the job has ended.

    Args:
        job: at work.
        counted: how far it is in words, for a state with more than one thing to do; their numbers by default.
    """
    boundary.fragment(_live, run_every=_EVERY)(job, counted or _numbers)


def _live(job: Job, counted: Callable[[JobState], str]) -> None:
    state = job.state()
    if state.status != "running":
        st.rerun()
    share = state.done / state.total if state.total else 0.0
    words = f", {counted(state)}" if state.total > 1 else ""
    st.progress(min(share, 1.0), text=f"{state.message}{words}")
    st.button("Cancel", on_click=boundary.callback(job.cancel), key=f"job_cancel_{job.folder.name}")
    st.caption("It goes on when you leave this page.")


def _numbers(state: JobState) -> str:
    return f"{state.done:,} of {state.total:,}"
