"""The page Data audit: problems of a dataset, and a clean split."""

import os

import streamlit as st

from fracture_core.audit import html_report
from fracture_core.datasets.layouts import LAYOUTS, find_layout, layout_names, read_catalogue
from fracture_core.errors import SecondLookError
from fracture_core.file_names import escape_name
from pages.components.audit import jobs, previous_audits, result
from pages.components.common import data_folder, job_progress, layout

st.html(html_report.STYLESHEET)


def _choose_dataset() -> tuple[str, str]:
    """The folder as typed, and the layout."""
    # The URL contains the folder, so that a reloaded page shows its audit again.
    linked = st.query_params.get("data") or os.environ.get("SECOND_LOOK_DATASET", "")
    st.session_state.setdefault(jobs.FOLDER, linked)
    left, right = st.columns([3, 1])
    text = left.text_input(
        "Dataset folder or manifest",
        key=jobs.FOLDER,
        placeholder="/home/you/dataset",
        persist_state="session",
        help="The full path on the computer this app runs on.",
    )
    layout_name = right.selectbox(
        "Layout",
        layout_names(),
        format_func=lambda name: "automatic" if name == "auto" else find_layout(name).title,
        key=jobs.LAYOUT,
        persist_state="session",
    )
    text = (text or "").strip()
    if st.query_params.get("data", "") != text:
        st.query_params.from_dict({"data": text} if text else {})
    return text, layout_name


def _start_audit(text: str, layout_name: str) -> None:
    data = data_folder.resolve_folder(text)
    with st.spinner("Reading the folder …"):
        read_catalogue(data, layout_name)  # raises for an invalid dataset, before an audit is created
    jobs.job_for(data).start(str(data), layout_name)


def _show_page() -> None:
    text, layout_name = _choose_dataset()
    if not text:
        layouts = "\n".join(f"- {supported.words}" for supported in LAYOUTS)
        st.caption(
            "An audit reads every image once: 10,000 small images take about 15 seconds. On the command line: "
            "`python -m fracture_core audit DIR`."
        )
        previous_audits.show(text)
        st.caption(f"Supported layouts:\n{layouts}")
        return
    job = jobs.job_for(data_folder.resolve_folder(text))
    state = job.state()
    if state.status == "running":
        job_progress.show(job)
    else:
        is_repeated = state.status != "absent"
        if st.button(
            "Audit again" if is_repeated else "Audit",
            type="secondary" if is_repeated else "primary",
            key="audit_go",
        ):
            _start_audit(text, layout_name)
            st.rerun()
        if state.status == "failed":
            st.error(layout.escape_markdown(state.message))
        elif state.status == "cancelled":
            st.info(layout.escape_markdown(state.message))
        elif state.status == "finished":
            result.show(job)
    previous_audits.show(escape_name(str(data_folder.resolve_folder(text))))


try:
    _show_page()
except SecondLookError as error:
    st.error(layout.escape_markdown(str(error)))
