"""The results of an audit: the verdict, the sentences, the real sizes, the mended split, the films."""

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
from pages.components.common import boundary
from pages.components.train import data_source, state


def show(job: AuditJob) -> None:
    """Draws everything a finished audit has to say."""
    report = jobs.load_report(job)
    _head(report)
    st.html(html_report.render_fragment("finding_list", report["findings"]))
    _downloads(job, report)
    st.subheader("What each part really holds", anchor=False)
    st.caption("Copies of a film teach nothing new: what counts is how many different pictures there are.")
    st.html(html_report.render_fragment("size_table", report["sizes"], report["label"], SPLIT_TITLES))
    if len(report["balance"]) > 1:
        with st.expander("By part and region"):
            st.html(
                html_report.render_fragment("balance_table", report["balance"], report["label"], SPLIT_TITLES)
            )
    _mended(job, report)
    charts.show(report["shortcuts"])
    duplicates.show(report)
    _unreadable(report)


def _head(report: dict[str, Any]) -> None:
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


def _downloads(job: AuditJob, report: dict[str, Any]) -> None:
    with st.container(horizontal=True):
        st.download_button(
            "Report with thumbnails (HTML)",
            data=job.html_report_path.read_bytes,
            file_name="audit.html",
            mime="text/html",
            on_click="ignore",
        )
        st.download_button(
            "Everything as JSON",
            data=boundary.download(lambda: json.dumps(report, indent=1)),
            file_name="audit.json",
            mime="application/json",
            on_click="ignore",
        )


def _mended(job: AuditJob, report: dict[str, Any]) -> None:
    """The same set without its faults, beside what it was."""
    mended = report["mended"]
    st.subheader("Mended split", anchor=False)
    if "error" in mended:
        st.info(mended["error"])
        return
    st.markdown(f"{mended['sentence']} Nothing on disk was moved or deleted.")
    if mended["leaks_before"]:
        left, right = st.columns(2)
        left.metric("Films to judge on that training has seen, as it is", f"{mended['leaks_before']:,}")
        right.metric("After mending", f"{mended['leaks_after']:,}")
    st.caption("From the set as it is to the mended split:")
    st.html(
        html_report.render_fragment(
            "change_table", html_report.size_changes(report), report["label"], SPLIT_TITLES
        )
    )
    st.html(html_report.render_fragment("finding_list", mended["findings"]))
    with st.container(horizontal=True):
        if st.button("Train on the mended split", type="primary"):
            data_source.choose_folder(str(jobs.keep_split(job, Path(report["root"]).name)))
            st.session_state[state.VIEW_KEY] = state.NEW_VIEW
            st.switch_page("pages/train.py")
        st.download_button(
            "Download the manifest (CSV)",
            data=job.clean_manifest_path.read_bytes,
            file_name=MANIFEST_NAME,
            mime="text/csv",
            on_click="ignore",
        )


def _unreadable(report: dict[str, Any]) -> None:
    if not report["unreadable"]:
        return
    st.subheader("Files that cannot be read", anchor=False)
    st.dataframe(
        [{"file": name, "why": why} for name, why in report["unreadable"].items()],
        hide_index=True,
        width="stretch",
    )
