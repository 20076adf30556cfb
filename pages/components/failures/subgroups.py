"""Subgroups of the test split compared with the rest, in sentences and tables."""

from __future__ import annotations

import html
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial

import pandas as pd
import streamlit as st

from fracture_core.evaluation import SubgroupAnalysis, analyse_subgroups, subgroup_sentences, subgroup_table
from fracture_core.evaluation.subgroup_analysis import SubgroupResult
from fracture_core.evaluation.subgroup_sentences import difference_text, method_text
from fracture_core.vocabulary import rephrase_for_finding
from pages.components.common import boundary
from pages.components.common.test_record import TestRecord
from pages.components.failures import case_properties, state
from pages.components.failures.measures import interval_text
from pages.components.failures.state import CaseView

#: Seconds between two progress updates.
_EVERY = 0.7

# Seconds between two checks of the comparison.
_POLL_SECONDS = 0.05

# Session key: the comparison requested last.
_REQUESTED = "failures_slices_asked"

# Width of “fewer false alarms” in pixels.
_DIFFERENCE_WIDTH = 140

_METRICS = {"sensitivity": "Sensitivity", "specificity": "Specificity", "accuracy": "Accuracy", "auc": "AUC"}


def show(record: TestRecord, view: CaseView) -> None:
    """Draw sentences, tables and the choice of a subgroup."""
    finding = record.card.finding
    known = case_properties.known_properties(record)
    found = _compared(record, view.threshold, known)
    items = "".join(
        f"<li>{html.escape(rephrase_for_finding(each, finding))}</li>" for each in subgroup_sentences(found)
    )
    st.html(f'<ul class="subgroups">{items}</ul>')
    _missing(record, known)
    if not found.single:
        return
    alone, together = st.tabs(["Single", "Pairs"])
    with alone:
        _table(found.single, finding, view.subgroup)
    with together:
        if found.pairs:
            _table(found.pairs, finding, view.subgroup)
        else:
            st.info("No pair of subgroups has enough images.")
    st.html(f'<p class="note">{html.escape(rephrase_for_finding(method_text(found), finding))}</p>')
    with st.container(horizontal=True, vertical_alignment="bottom", key="failures-slices-row"):
        _choose(found, finding, view.subgroup)
        st.download_button(
            "Download subgroups (CSV)",
            data=boundary.download(lambda: subgroup_table.subgroups_to_csv(found, finding).encode()),
            file_name=f"{record.card.id}-slices.csv",
            mime="text/csv",
            on_click="ignore",
        )


def _compared(record: TestRecord, threshold: float, known: pd.DataFrame | None) -> SubgroupAnalysis:
    """Wait for the comparison in short steps, so that a new threshold interrupts it."""
    place, stamp = st.empty(), _stamp(known)
    while True:
        work = _found(record.key, threshold, stamp, record.test, known)
        _cancel_previous(work)
        while not work.cancelled() and not wait([work], _POLL_SECONDS).done:
            place.caption("Comparing subgroups …")
        # Another session may have cancelled it; then it is requested again.
        if not work.cancelled():
            place.empty()
            return work.result()


def _cancel_previous(work: Future[SubgroupAnalysis]) -> None:
    """Cancel the session's previous comparison if it has not started."""
    before: Future[SubgroupAnalysis] = st.session_state.get(_REQUESTED, work)
    if before is not work:
        before.cancel()
    st.session_state[_REQUESTED] = work


@st.cache_resource(max_entries=16, show_spinner=False, validate=lambda work: not work.cancelled())
def _found(
    key: str, threshold: float, stamp: tuple[str, ...], _test: pd.DataFrame, _known: pd.DataFrame | None
) -> Future[SubgroupAnalysis]:
    """Start the comparison in a thread; it takes a second or two for thousands of images."""
    return _pool().submit(analyse_subgroups, _test, threshold, _known)


@st.cache_resource(show_spinner=False)
def _pool() -> ThreadPoolExecutor:
    # Two, because the comparison at the previous threshold may still run.
    return ThreadPoolExecutor(2, thread_name_prefix="subgroups")


def _stamp(known: pd.DataFrame | None) -> tuple[str, ...]:
    """A value that changes whenever the table of properties does."""
    if known is None:
        return ()
    return (*known.columns, str(pd.util.hash_pandas_object(known.astype(str)).sum()))


def _table(parts: tuple[SubgroupResult, ...], finding: str, chosen: str) -> None:
    """Draw the subgroups; selecting a row lists the cases of that subgroup."""
    titles = [part.title for part in parts]
    key = f"failures_slice_rows {len(parts[0].subgroups)}"
    rows_of_it = [titles.index(chosen)] if chosen in titles else []
    st.session_state[key] = {"selection": {"rows": rows_of_it, "columns": [], "cells": []}}
    st.dataframe(
        table_rows(parts, finding),
        hide_index=True,
        width="stretch",
        key=key,
        on_select=boundary.callback(partial(_select, key, titles)),
        selection_mode="single-row",
        column_config={
            "Subgroup": st.column_config.TextColumn(
                width="medium" if len(parts[0].subgroups) == 1 else "large"
            ),
            "Differs": st.column_config.TextColumn(width=_DIFFERENCE_WIDTH),
            **{title: st.column_config.NumberColumn(format="%.2f") for title in _METRICS.values()},
        },
    )


def _select(key: str, titles: list[str]) -> None:
    """List the cases of the selected row, or all."""
    selected = st.session_state[key]["selection"]["rows"]
    st.session_state[state.SUBGROUP_KEY] = titles[selected[0]] if selected else ""
    state.show_list()


def table_rows(parts: tuple[SubgroupResult, ...], finding: str) -> pd.DataFrame:
    """The rows of the table on the page."""
    lines = []
    for part in parts:
        line = {
            "Subgroup": rephrase_for_finding(part.title, finding),
            "Differs": difference_text(part),
            "Images": part.summary.n,
            f"With {finding}": part.summary.positives,
        }
        for name, title in _METRICS.items():
            measured = getattr(part.summary, name)
            line |= {title: measured.value, f"{title}, 95% CI": interval_text(measured)}
        lines.append(line)
    return pd.DataFrame(lines)


def _choose(found: SubgroupAnalysis, finding: str, chosen: str) -> None:
    """Ask for the subgroup to list; the current one stays an option when the threshold moves."""
    names = [part.title for part in (*found.single, *found.pairs)]
    st.selectbox(
        "Subgroup",
        ["", *names, *({chosen} - {"", *names})],
        format_func=lambda name: rephrase_for_finding(name, finding) or "all images",
        key=state.SUBGROUP_KEY,
        on_change=boundary.callback(state.show_list),
        persist_state="session",
        help="Lists only the cases of this subgroup. Selecting a row above does the same.",
    )


def _missing(record: TestRecord, known: pd.DataFrame | None) -> None:
    """Draw which properties are missing, and how to add them."""
    if known is None:
        st.caption(
            f"Enter the dataset folder under Cases to compare by view, hardware, size of the {record.card.finding}, "
            "resolution, brightness and contrast."
        )
        return
    work = case_properties.current_measurement(record)
    if work is not None and work.is_running:
        boundary.fragment(_live, run_every=_EVERY)(record)


def _live(record: TestRecord) -> None:
    """Draw the progress of the measurement; redraw the page when it is done."""
    work = case_properties.current_measurement(record)
    if work is None or not work.is_running:
        st.rerun()  # the page then stops asking
    st.progress(
        work.done / max(work.every, 1),
        f"Measuring brightness, contrast and resolution: {work.done:,} of {work.every:,} images",
    )
