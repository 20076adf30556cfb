"""What the audit says of the films, in short, and on which split of them to train."""

import html as plain_html
from pathlib import Path
from typing import Any

import streamlit as st

from fracture_core.data.audit import html
from fracture_core.data.audit.job import Job
from fracture_core.data.audit.wording import films, verb
from fracture_core.errors import SecondLookError
from pages.parts import audit_jobs, job_watch, layout

AS_IT_IS, MENDED = "As distributed", "Mended split"


def show(folder: str) -> str:
    """The audit of a data set, made or offered.

    Args:
        folder: the data set.

    Returns:
        What to train on: the folder itself, or the manifest of its mended split.
    """
    job = audit_jobs.job_of(Path(folder))
    state = job.state()
    if state.status == "running":
        job_watch.show(job)
        return folder
    if state.status == "finished":
        try:
            return _summary(job, folder)
        except SecondLookError as error:
            st.error(str(error))
    if state.status == "failed":
        st.error(state.what)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Audit these films first", key="train_audit"):
            try:
                job.start(folder)
            except SecondLookError as error:
                st.error(str(error))
                return folder
            st.rerun()
        st.caption("Looks for copies, leaks between the parts, wrong labels and shortcuts.", width="content")
    return folder


def _summary(job: Job, folder: str) -> str:
    report = audit_jobs.report(job)
    st.html(
        f'<div class="audit"><div class="word {report["level"]}">{plain_html.escape(report["verdict"])}</div></div>'
    )
    # Its state is kept, so that it does not close when a setting below draws the page anew.
    with st.expander(_counted(report), key="train_audit_findings", on_change="rerun"):
        st.html(html.piece("finding_list", report["findings"]))
        with st.container(horizontal=True):
            if st.button("See the whole audit", key="train_audit_whole", type="tertiary"):
                st.session_state[audit_jobs.FOLDER] = folder
                st.switch_page("pages/audit.py")
            if st.button("Audit again", key="train_audit_again", type="tertiary"):
                try:
                    job.start(folder)
                except SecondLookError as error:
                    st.error(str(error))
                else:
                    st.rerun()
    mended = report["mended"]
    if "error" in mended:
        st.caption(layout.plain(mended["error"]))
        return folder
    chosen = st.segmented_control(
        "Train on",
        (AS_IT_IS, MENDED),
        # A score on films that training has seen means nothing.
        default=MENDED if mended["leaks_before"] else AS_IT_IS,
        required=True,
        key=f"train_split_{job.folder.name}_{report['created']}",
        persist_state="session",
    )
    if chosen != MENDED:
        if mended["leaks_before"]:
            leaks = mended["leaks_before"]
            st.warning(
                f"{films(leaks)} to judge on {verb(leaks, 'is', 'are')} in training too: the score of this model will "
                "look better than it is."
            )
        return folder
    st.caption(layout.plain(mended["sentence"]))
    return str(audit_jobs.kept_split(job, Path(report["root"]).name))


def _counted(report: dict[str, Any]) -> str:
    """How many findings of each level there are."""
    levels = [finding["level"] for finding in report["findings"]]
    words = [
        f"{levels.count(level)} {level}{'s' if levels.count(level) != 1 else ''}"
        for level in ("fault", "warning", "note")
        if level in levels
    ]
    return f"What the audit found: {', '.join(words) or 'nothing to mind'}"
