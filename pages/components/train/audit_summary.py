"""What the audit says of the films, in short, and on which split of them to train."""

import html as plain_html
from pathlib import Path
from typing import Any

import streamlit as st

from fracture_core.audit import html_report
from fracture_core.audit.audit_job import AuditJob
from fracture_core.audit.wording import count_images, verb_form
from fracture_core.errors import SecondLookError
from pages.components.audit import jobs
from pages.components.common import job_progress, layout

AS_DISTRIBUTED, CLEAN_SPLIT = "As distributed", "Mended split"


def show(folder: str) -> str:
    """The audit of a data set, made or offered.

    Args:
        folder: the data set.

    Returns:
        What to train on: the folder itself, or the manifest of its mended split.
    """
    job = jobs.job_for(Path(folder))
    state = job.state()
    if state.status == "running":
        job_progress.show(job)
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


def _summary(job: AuditJob, folder: str) -> str:
    report = jobs.load_report(job)
    st.html(
        f'<div class="audit"><div class="word {report["level"]}">{plain_html.escape(report["verdict"])}</div></div>'
    )
    # Its state is kept, so that it does not close when a setting below draws the page anew.
    with st.expander(_counted(report), key="train_audit_findings", on_change="rerun"):
        st.html(html_report.render_fragment("finding_list", report["findings"]))
        with st.container(horizontal=True):
            if st.button("See the whole audit", key="train_audit_whole", type="tertiary"):
                st.session_state[jobs.FOLDER] = folder
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
        st.caption(layout.escape_markdown(mended["error"]))
        return folder
    chosen = st.segmented_control(
        "Train on",
        (AS_DISTRIBUTED, CLEAN_SPLIT),
        # A score on films that training has seen means nothing.
        default=CLEAN_SPLIT if mended["leaks_before"] else AS_DISTRIBUTED,
        required=True,
        key=f"train_split_{job.folder.name}_{report['created']}",
        persist_state="session",
    )
    if chosen != CLEAN_SPLIT:
        if mended["leaks_before"]:
            leaks = mended["leaks_before"]
            st.warning(
                f"{count_images(leaks)} to judge on {verb_form(leaks, 'is', 'are')} in training too: the score of this "
                f"model will "
                "look better than it is."
            )
        return folder
    st.caption(layout.escape_markdown(mended["sentence"]))
    return str(jobs.keep_split(job, Path(report["root"]).name))


def _counted(report: dict[str, Any]) -> str:
    """How many findings of each level there are."""
    levels = [finding["level"] for finding in report["findings"]]
    words = [
        f"{levels.count(level)} {level}{'s' if levels.count(level) != 1 else ''}"
        for level in ("fault", "warning", "note")
        if level in levels
    ]
    return f"What the audit found: {', '.join(words) or 'nothing to mind'}"
