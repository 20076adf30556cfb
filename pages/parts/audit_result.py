"""The results of an audit: the verdict, the sentences, the real sizes, the mended split, the films."""

import html as plain_html
import json
from pathlib import Path
from typing import Any

import streamlit as st

from fracture_core.data.audit import html
from fracture_core.data.audit.job import Job
from fracture_core.data.audit.wording import PARTS
from fracture_core.data.manifest import NAME
from pages.parts import audit_charts, audit_copies, audit_jobs, boundary, train_data, train_state


def show(job: Job) -> None:
    """Draws everything a finished audit has to say."""
    report = audit_jobs.report(job)
    _head(report)
    st.html(html.piece("finding_list", report["findings"]))
    _downloads(job, report)
    st.subheader("What each part really holds", anchor=False)
    st.caption("Copies of a film teach nothing new: what counts is how many different pictures there are.")
    st.html(html.piece("size_table", report["sizes"], report["label"], PARTS))
    if len(report["balance"]) > 1:
        with st.expander("By part and region"):
            st.html(html.piece("balance_table", report["balance"], report["label"], PARTS))
    _mended(job, report)
    audit_charts.show(report["shortcuts"])
    audit_copies.show(report)
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


def _downloads(job: Job, report: dict[str, Any]) -> None:
    with st.container(horizontal=True):
        st.download_button(
            "Report with thumbnails (HTML)",
            data=job.page.read_bytes,
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


def _mended(job: Job, report: dict[str, Any]) -> None:
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
    st.html(html.piece("change_table", html.changes(report), report["label"], PARTS))
    st.html(html.piece("finding_list", mended["findings"]))
    with st.container(horizontal=True):
        if st.button("Train on the mended split", type="primary"):
            train_data.take(str(audit_jobs.kept_split(job, Path(report["root"]).name)))
            st.session_state[train_state.VIEW] = train_state.NEW
            st.switch_page("pages/train.py")
        st.download_button(
            "Download the manifest (CSV)",
            data=job.manifest.read_bytes,
            file_name=NAME,
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
