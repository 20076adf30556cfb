"""Summary of a dataset's audit, and the choice of the split to train on."""

import html as plain_html
from pathlib import Path
from typing import Any

import streamlit as st

from fracture_core.audit import html_report
from fracture_core.audit.audit_job import AuditJob
from fracture_core.audit.wording import count_images, pluralise
from fracture_core.errors import SecondLookError
from pages.components.audit import jobs
from pages.components.common import job_progress, layout

AS_DISTRIBUTED, CLEAN_SPLIT = "As distributed", "Clean split"


def show(folder: str) -> str:
    """Draw the audit of a dataset, or the button that starts one.

    Args:
        folder: the dataset.

    Returns:
        What to train on: the folder itself, or the manifest of its clean split.
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
            st.error(layout.escape_markdown(str(error)))
    if state.status == "failed":
        st.error(layout.escape_markdown(state.message))
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Audit this dataset", key="train_audit"):
            try:
                job.start(folder)
            except SecondLookError as error:
                st.error(layout.escape_markdown(str(error)))
                return folder
            st.rerun()
        st.caption("Finds duplicates, leaks between splits, label errors and shortcuts.", width="content")
    return folder


def _summary(job: AuditJob, folder: str) -> str:
    report = jobs.load_report(job)
    st.html(
        f'<div class="audit"><div class="word {report["level"]}">{plain_html.escape(report["verdict"])}</div></div>'
    )
    # With a key, the expander stays open when a setting below draws the page again.
    with st.expander(_findings_title(report), key="train_audit_findings", on_change="rerun"):
        st.html(html_report.render_fragment("finding_list", report["findings"]))
        with st.container(horizontal=True):
            if st.button("Open the full audit", key="train_audit_whole", type="tertiary"):
                st.session_state[jobs.FOLDER] = folder
                st.switch_page("pages/audit.py")
            if st.button("Audit again", key="train_audit_again", type="tertiary"):
                try:
                    job.start(folder)
                except SecondLookError as error:
                    st.error(layout.escape_markdown(str(error)))
                else:
                    st.rerun()
    clean = report["mended"]
    if "error" in clean:
        st.caption(layout.escape_markdown(clean["error"]))
        return folder
    chosen = st.segmented_control(
        "Train on",
        (AS_DISTRIBUTED, CLEAN_SPLIT),
        # Metrics on images that were trained on are not valid.
        default=CLEAN_SPLIT if clean["leaks_before"] else AS_DISTRIBUTED,
        required=True,
        key=f"train_split_{job.folder.name}_{report['created']}",
        persist_state="session",
    )
    if chosen != CLEAN_SPLIT:
        if clean["leaks_before"]:
            leaks = clean["leaks_before"]
            st.warning(
                f"{count_images(leaks)} to validate or test on {pluralise(leaks, 'is', 'are')} in training too. The "
                "metrics of this model will be too high. Choose the clean split."
            )
        return folder
    st.caption(layout.escape_markdown(clean["sentence"]))
    return str(jobs.keep_split(job, Path(report["root"]).name))


def _findings_title(report: dict[str, Any]) -> str:
    """Return a title with the number of findings by level."""
    levels = [finding["level"] for finding in report["findings"]]
    counts = [
        f"{levels.count(level)} {level}{'s' if levels.count(level) != 1 else ''}"
        for level in ("fault", "warning", "note")
        if level in levels
    ]
    return f"Audit findings: {', '.join(counts) or 'none'}"
