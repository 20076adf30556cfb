"""Where the model fails: slices of the test films against the rest, in sentences and as tables."""

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

#: Seconds between two looks at films being measured.
_EVERY = 0.7

# Seconds between two looks at slices being compared.
_STEP = 0.05

# Under this the session keeps the comparison that it asked for last.
_ASKED = "failures_slices_asked"

# Pixels that “fewer false alarms” takes.
_DIFFERS = 140

_MEASURED = {"sensitivity": "Sensitivity", "specificity": "Specificity", "accuracy": "Accuracy", "auc": "AUC"}


def show(record: TestRecord, seen: CaseView) -> None:
    """Sentences, tables, the choice of a slice, and what else could be known."""
    finding = record.card.finding
    st.subheader("Where it fails", anchor=False)
    known = case_properties.known_properties(record)
    found = _compared(record, seen.threshold, known)
    told = "".join(
        f"<li>{html.escape(rephrase_for_finding(each, finding))}</li>" for each in subgroup_sentences(found)
    )
    st.html(f'<ul class="slices">{told}</ul>')
    _missing(record, known)
    if not found.single:
        return
    alone, together = st.tabs(["Slices", "Two together"])
    with alone:
        _table(found.single, finding, seen.slice)
    with together:
        if found.pairs:
            _table(found.pairs, finding, seen.slice)
        else:
            st.info("No two slices share films enough to be compared with the rest.")
    st.html(f'<p class="note">{html.escape(rephrase_for_finding(method_text(found), finding))}</p>')
    with st.container(horizontal=True, vertical_alignment="bottom", key="failures-slices-row"):
        _choose(found, finding, seen.slice)
        st.download_button(
            "Download the slices (CSV)",
            data=boundary.download(lambda: subgroup_table.subgroups_to_csv(found, finding).encode()),
            file_name=f"{record.card.id}-slices.csv",
            mime="text/csv",
            on_click="ignore",
        )


def _compared(record: TestRecord, threshold: float, known: pd.DataFrame | None) -> SubgroupAnalysis:
    """Waits for it in short steps, each of which lets go where the reader has moved on to another threshold."""
    place, stamp = st.empty(), _stamp(known)
    while True:
        work = _found(record.key, threshold, stamp, record.test, known)
        _leave(work)
        while not work.cancelled() and not wait([work], _STEP).done:
            place.caption("Comparing slices …")
        # Another reader who left this threshold may have called it off: then it is asked for again.
        if not work.cancelled():
            place.empty()
            return work.result()


def _leave(work: Future[SubgroupAnalysis]) -> None:
    """Calls off what this reader waited for before, if it has not begun, so that it holds up nothing."""
    before: Future[SubgroupAnalysis] = st.session_state.get(_ASKED, work)
    if before is not work:
        before.cancel()
    st.session_state[_ASKED] = work


@st.cache_resource(max_entries=16, show_spinner=False, validate=lambda work: not work.cancelled())
def _found(
    key: str, threshold: float, stamp: tuple[str, ...], _test: pd.DataFrame, _known: pd.DataFrame | None
) -> Future[SubgroupAnalysis]:
    """Comparing, in a thread: of thousands of films it takes a second or two."""
    return _pool().submit(analyse_subgroups, _test, threshold, _known)


@st.cache_resource(show_spinner=False)
def _pool() -> ThreadPoolExecutor:
    # A threshold that was left may still be worked on while the next one is.
    return ThreadPoolExecutor(2, thread_name_prefix="compares slices")


def _stamp(known: pd.DataFrame | None) -> tuple[str, ...]:
    """What tells one table of properties from another, while the films and the data set stay."""
    if known is None:
        return ()
    return (*known.columns, str(pd.util.hash_pandas_object(known.astype(str)).sum()))


def _table(parts: tuple[SubgroupResult, ...], finding: str, chosen: str) -> None:
    """The slices; a row that is ticked is the slice whose films are listed, and the other way round."""
    titles = [part.title for part in parts]
    key = f"failures_slice_rows {len(parts[0].subgroups)}"
    rows_of_it = [titles.index(chosen)] if chosen in titles else []
    st.session_state[key] = {"selection": {"rows": rows_of_it, "columns": [], "cells": []}}
    st.dataframe(
        table_rows(parts, finding),
        hide_index=True,
        width="stretch",
        key=key,
        on_select=boundary.callback(partial(_tick, key, titles)),
        selection_mode="single-row",
        column_config={
            "Slice": st.column_config.TextColumn(width="medium" if len(parts[0].subgroups) == 1 else "large"),
            "Differs": st.column_config.TextColumn(width=_DIFFERS),
            **{title: st.column_config.NumberColumn(format="%.2f") for title in _MEASURED.values()},
        },
    )


def _tick(key: str, titles: list[str]) -> None:
    """Lists the films of the ticked row; all where the tick was taken away."""
    ticked = st.session_state[key]["selection"]["rows"]
    st.session_state[state.SUBGROUP_KEY] = titles[ticked[0]] if ticked else ""
    state.show_list()


def table_rows(parts: tuple[SubgroupResult, ...], finding: str) -> pd.DataFrame:
    """The table on the screen; a click on a head sorts it."""
    lines = []
    for part in parts:
        line = {
            "Slice": rephrase_for_finding(part.title, finding),
            "Differs": difference_text(part),
            "Films": part.summary.n,
            f"With {finding}": part.summary.positives,
        }
        for name, title in _MEASURED.items():
            measured = getattr(part.summary, name)
            line |= {title: measured.value, f"{title}, 95% CI": interval_text(measured)}
        lines.append(line)
    return pd.DataFrame(lines)


def _choose(found: SubgroupAnalysis, finding: str, chosen: str) -> None:
    """Asks which slice to list; the chosen one stays where the threshold moved and it is no longer among the first."""
    names = [part.title for part in (*found.single, *found.pairs)]
    st.selectbox(
        "List the films of a slice",
        ["", *names, *({chosen} - {"", *names})],
        format_func=lambda name: rephrase_for_finding(name, finding) or "all films",
        key=state.SUBGROUP_KEY,
        on_change=boundary.callback(state.show_list),
        persist_state="session",
        help="The list of films below then holds those of the slice alone. A tick in a row above does the same.",
    )


def _missing(record: TestRecord, known: pd.DataFrame | None) -> None:
    """What cannot be told yet, and how it can."""
    if known is None:
        st.caption(
            f"Regions are known from the record. For view, hardware, size of the {record.card.finding}, resolution, "
            "brightness and contrast name the folder of the data set below, under Films."
        )
        return
    work = case_properties.current_measurement(record)
    if work is not None and work.is_running:
        boundary.fragment(_live, run_every=_EVERY)(record)


def _live(record: TestRecord) -> None:
    """How far the films are measured; the page is drawn again when they are."""
    work = case_properties.current_measurement(record)
    if work is None or not work.is_running:
        st.rerun()  # the page then stops asking
    st.progress(
        work.done / max(work.total, 1),
        f"Measuring brightness, contrast and resolution: {work.done:,} of {work.total:,} films",
    )
