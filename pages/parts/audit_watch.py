"""An audit at work: how far it is, and a way to end it."""

import streamlit as st

from fracture_core.data.audit.job import Job

#: Seconds between two looks.
_EVERY = 0.7


def show(job: Job) -> None:
    """Draws the progress again and again; draws the whole page anew when the audit has ended."""
    st.fragment(_live, run_every=_EVERY)(job)


def _live(job: Job) -> None:
    state = job.state()
    if state.status != "running":
        st.rerun()
    share = state.done / state.every if state.every else 0.0
    counted = f", {state.done:,} of {state.every:,}" if state.every > 1 else ""
    st.progress(min(share, 1.0), text=f"{state.what}{counted}")
    st.button("Cancel", on_click=job.cancel, key=f"audit_cancel_{job.folder.name}")
    st.caption("It goes on when you leave this page.")
