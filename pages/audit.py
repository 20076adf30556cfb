"""Data audit: a folder in; what it is worth, in sentences, and a split that can be trusted, out."""

import os

import streamlit as st

from fracture_core.audit import html_report
from fracture_core.datasets.layouts import LAYOUTS, find_layout, layout_names, read_catalogue
from fracture_core.errors import SecondLookError
from fracture_core.file_names import escape_name
from pages.components.audit import jobs, previous_audits, result
from pages.components.common import data_folder, job_progress

st.html(html_report.STYLESHEET)


def _choose() -> tuple[str, str]:
    """The data set as typed, and the layout."""
    # The address keeps the set, so that a page that is loaded anew finds its audit again.
    linked = st.query_params.get("data") or os.environ.get("SECOND_LOOK_DATASET", "")
    st.session_state.setdefault(jobs.FOLDER, linked)
    left, right = st.columns([3, 1])
    text = left.text_input(
        "Folder of labelled films, or a manifest",
        key=jobs.FOLDER,
        placeholder="/home/you/films",
        persist_state="session",
        help="The full path on the computer this app runs on.",
    )
    chosen = right.selectbox(
        "Layout",
        layout_names(),
        format_func=lambda name: "found by looking" if name == "auto" else find_layout(name).title,
        key=jobs.LAYOUT,
        persist_state="session",
    )
    text = (text or "").strip()
    if st.query_params.get("data", "") != text:
        st.query_params.from_dict({"data": text} if text else {})
    return text, chosen


def _begin(text: str, chosen: str) -> None:
    data = data_folder.resolve_folder(text)
    with st.spinner("Looking at the folder …"):
        read_catalogue(data, chosen)  # what cannot be audited is said here, and leaves no audit behind
    jobs.job_for(data).start(str(data), chosen)


def _show() -> None:
    text, chosen = _choose()
    if not text:
        known = "\n".join(f"- {row.words}" for row in LAYOUTS)
        st.caption(
            "An audit reads every film once; 10,000 small films take about a quarter of a minute. On the command line: "
            "`python -m fracture_core audit DIR`."
        )
        previous_audits.show(text)
        st.caption(f"Folders it understands:\n{known}")
        return
    job = jobs.job_for(data_folder.resolve_folder(text))
    state = job.state()
    if state.status == "running":
        job_progress.show(job)
    else:
        again = state.status != "absent"
        if st.button(
            "Audit again" if again else "Audit", type="secondary" if again else "primary", key="audit_go"
        ):
            _begin(text, chosen)
            st.rerun()
        if state.status == "failed":
            st.error(state.what)
        elif state.status == "cancelled":
            st.info(state.what)
        elif state.status == "finished":
            result.show(job)
    previous_audits.show(escape_name(str(data_folder.resolve_folder(text))))


try:
    _show()
except SecondLookError as error:
    st.error(str(error))
