"""Failures: errors of a model on its test split, as images and in numbers."""

import streamlit as st

from pages.components.common import context, test_record
from pages.components.common.context import Context
from pages.components.common.test_record import MeasuredRecord
from pages.components.failures import (
    case,
    findings_tab,
    gallery,
    heatmaps_tab,
    matrix,
    prevalence,
    review_files,
    state,
    subgroups,
)
from pages.components.failures import curves as failures_curves
from pages.components.failures import measures as failures_measures
from pages.components.failures.state import CaseView


def main() -> None:
    """Draw the page."""
    matrix.show_style()
    chosen = context.choose()
    if chosen is None:
        return
    record = chosen.record
    view = state.current_view(record, state.current_threshold(record.card))
    if view.case:
        state.write_address(view, record)
        case.show(record, view, chosen.root)
        return
    rail, body = st.columns([4, 9], gap="medium")
    with rail:
        threshold = state.choose_threshold(record.card)
        state.write_address(view, record)
        measured = test_record.measure_record(record.key, threshold, record.test, record.card.thresholds)
        matrix.show_matrix(
            measured.summary.confusion, measured.states, record.card.thresholds, record.card.finding
        )
        gallery.show_filters(record, view)
        state.show_link(record, view)
        st.html(test_record.provenance_text(record))
    with body:
        _show_tabs(chosen, view, measured)


def _show_tabs(chosen: Context, view: CaseView, measured: MeasuredRecord) -> None:
    """Draw the tabs; only the open one computes its content."""
    record = chosen.record
    draw = {
        "Cases": lambda: gallery.show(record, view, chosen.root),
        "Metrics": lambda: st.html(failures_measures.measures_html(measured.summary, record.card.finding)),
        "Curves": lambda: failures_curves.show(record, view.threshold),
        "Predictive values": lambda: prevalence.show(record, measured.summary),
        "Subgroups": lambda: subgroups.show(record, view),
        "Findings": lambda: findings_tab.show(record),
        "Heatmaps": lambda: heatmaps_tab.show(record),
        "Reviews": lambda: review_files.show(record),
    }
    for title, tab in zip(state.TABS, st.tabs(state.TABS, key=state.TAB_KEY, on_change="rerun"), strict=True):
        if tab.open:
            with tab:
                draw[title]()


main()
