"""Data audit: a folder in; what it is worth, in sentences, and a split that can be trusted, out."""

import os

import streamlit as st

from fracture_core.data.audit import html
from fracture_core.data.layouts import LAYOUTS, layout_named, layout_names
from fracture_core.errors import SecondLookError
from pages.parts import audit_jobs, audit_result, audit_watch, folder, layout

layout.title(
    "Data audit",
    "Find out what a set of labelled films is worth before you train on it or believe a score: copies, leaks, wrong "
    "labels, broken files, and what gives the label away. Nothing on disk is changed.",
)
st.html(html.STYLE)


def _take(data: str) -> None:
    st.session_state[audit_jobs.FOLDER] = data


def _choose() -> tuple[str, str]:
    """The data set as typed, and the layout."""
    st.session_state.setdefault(audit_jobs.FOLDER, os.environ.get("SECOND_LOOK_DATASET", ""))
    left, right = st.columns([3, 1])
    text = left.text_input(
        "Folder of labelled films, or a manifest",
        key=audit_jobs.FOLDER,
        placeholder="/home/you/films",
        persist_state="session",
        help="The full path on the computer this app runs on.",
    )
    chosen = right.selectbox(
        "Layout",
        layout_names(),
        format_func=lambda name: "found by looking" if name == "auto" else layout_named(name).title,
        key=audit_jobs.LAYOUT,
        persist_state="session",
    )
    return (text or "").strip(), chosen


def _earlier(text: str) -> None:
    """Audits made before, each a click away."""
    others = [(job, state) for job, state in audit_jobs.known() if state.data != text]
    if not others:
        return
    words = {"running": "at work", "finished": "finished", "failed": "failed", "cancelled": "cancelled"}
    with st.expander(f"Earlier audits ({len(others)})"):
        for number, (job, state) in enumerate(others[:20]):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    f"{state.data} – {words[state.status]}",
                    key=f"audit_open_{number}",
                    on_click=_take,
                    args=(state.data,),
                    type="tertiary",
                )
                st.button(
                    "Forget",
                    key=f"audit_forget_{number}",
                    on_click=job.forget,
                    disabled=state.status == "running",
                    help="Deletes the results of this audit; the films stay.",
                )


def _begin(text: str, chosen: str) -> None:
    data = folder.resolved(text)
    audit_jobs.job_of(data).start(str(data), chosen)


def _show() -> None:
    text, chosen = _choose()
    if not text:
        known = "\n".join(f"- {row.words}" for row in LAYOUTS)
        st.caption(
            "An audit reads every film once; 10,000 small films take about a quarter of a minute. On the command line: "
            "`python -m fracture_core audit DIR`."
        )
        st.caption(f"Folders it understands:\n{known}")
        _earlier(text)
        return
    job = audit_jobs.job_of(folder.resolved(text))
    state = job.state()
    if state.status == "running":
        audit_watch.show(job)
    else:
        again = state.status != "absent"
        if st.button("Audit again" if again else "Audit", type="secondary" if again else "primary"):
            _begin(text, chosen)
            st.rerun()
        if state.status == "failed":
            st.error(state.what)
        elif state.status == "cancelled":
            st.info(state.what)
        elif state.status == "finished":
            audit_result.show(job)
    _earlier(str(folder.resolved(text)))


try:
    _show()
except SecondLookError as error:
    st.error(str(error))
