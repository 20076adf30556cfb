"""Results of an audit: findings, sizes, clean split, shortcuts and images."""

import html as plain_html
import json
from pathlib import Path
from typing import Any

import streamlit as st

from fracture_core.audit import html_report
from fracture_core.audit.audit_job import AuditJob
from fracture_core.audit.wording import SPLIT_TITLES
from fracture_core.datasets.manifest import MANIFEST_NAME
from pages.components.audit import charts, duplicates, jobs
from pages.components.common import boundary, layout
from pages.components.train import data_source, state


def show(job: AuditJob) -> None:
    """Draw the results of a finished audit."""
    report = jobs.load_report(job)
    _show_head(report)
    st.html(html_report.render_fragment("finding_list", report["findings"]))
    _show_downloads(job, report)
    st.subheader("Distinct images per split", anchor=False)
    st.caption("Duplicates add no information: the number of distinct images counts.")
    st.html(html_report.render_fragment("size_table", report["sizes"], report["label"], SPLIT_TITLES))
    if len(report["balance"]) > 1:
        with st.expander("By split and region"):
            st.html(
                html_report.render_fragment("balance_table", report["balance"], report["label"], SPLIT_TITLES)
            )
    _show_clean_split(job, report)
    charts.show(report["shortcuts"])
    duplicates.show(report)
    _show_unreadable_files(report)


def _show_head(report: dict[str, Any]) -> None:
    names = ", ".join(
        f"“{name}” = {report['label'] if label else 'no ' + report['label']}"
        for name, label in report["classes"]
    )
    st.html(
        f'<div class="audit"><div class="word {report["level"]}">{plain_html.escape(report["verdict"])}</div>'
        f'<div class="quiet">Read as {plain_html.escape(report["layout_words"])}.'
        f"{plain_html.escape(f' Class names: {names}.' if names else '')} "
        f"{plain_html.escape(report['created'][:16].replace('T', ' '))} UTC, {report['seconds']} s.</div></div>"
    )


def _show_downloads(job: AuditJob, report: dict[str, Any]) -> None:
    with st.container(horizontal=True):
        st.download_button(
            "Report with thumbnails (HTML)",
            data=job.html_report_path.read_bytes,
            file_name="audit.html",
            mime="text/html",
            on_click="ignore",
        )
        st.download_button(
            "Report (JSON)",
            data=boundary.download(lambda: json.dumps(report, indent=1)),
            file_name="audit.json",
            mime="application/json",
            on_click="ignore",
        )


def _show_clean_split(job: AuditJob, report: dict[str, Any]) -> None:
    """The clean split beside the split as distributed."""
    clean_split = report["mended"]
    st.subheader("Clean split", anchor=False)
    if "error" in clean_split:
        st.info(layout.escape_markdown(clean_split["error"]))
        return
    st.markdown(f"{layout.escape_markdown(clean_split['sentence'])} Nothing on disk was moved or deleted.")
    if clean_split["leaks_before"]:
        left, right = st.columns(2)
        left.metric("Evaluation images also in training, as distributed", f"{clean_split['leaks_before']:,}")
        right.metric("In the clean split", f"{clean_split['leaks_after']:,}")
    st.caption("From the split as distributed to the clean split:")
    st.html(
        html_report.render_fragment(
            "change_table", html_report.size_changes(report), report["label"], SPLIT_TITLES
        )
    )
    st.html(html_report.render_fragment("finding_list", clean_split["findings"]))
    with st.container(horizontal=True):
        if st.button("Train on the clean split", type="primary"):
            data_source.choose_folder(str(jobs.keep_split(job, Path(report["root"]).name)))
            st.session_state[state.VIEW_KEY] = state.NEW_VIEW
            st.switch_page("pages/train.py")
        st.download_button(
            "Download manifest (CSV)",
            data=job.clean_manifest_path.read_bytes,
            file_name=MANIFEST_NAME,
            mime="text/csv",
            on_click="ignore",
        )


def _show_unreadable_files(report: dict[str, Any]) -> None:
    if not report["unreadable"]:
        return
    st.subheader("Unreadable files", anchor=False)
    st.dataframe(
        [{"file": name, "error": error} for name, error in report["unreadable"].items()],
        hide_index=True,
        width="stretch",
    )
