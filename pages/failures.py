"""Failures: errors of a model on its test split, in numbers and as images."""

import streamlit as st

from pages.components.common import model_choice, test_record
from pages.components.common.test_record import TestRecord
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


def main() -> None:
    """Draw the page."""
    matrix.show_style()
    left, right = st.columns(2, gap="large", vertical_alignment="bottom")
    record = model_choice.choose_model(left)
    if record is None:
        return
    with right:
        threshold = state.choose_threshold(record.card)
    st.html(test_record.provenance_text(record))
    view = state.current_view(record, threshold)
    state.write_address(view, record)
    if view.case:
        # With a case open, the numbers are folded away.
        with st.expander("Confusion matrix, metrics and curves"):
            _overview(record, threshold)
        case.show(record, view)
    else:
        _overview(record, threshold)
        # Filled last, because the comparison of subgroups takes a second or two.
        subgroups_place = st.container()
        gallery.show(record, view)
        review_files.show(record)
        st.page_link(
            "pages/labels.py",
            label="Check the labels of this dataset",
            icon=":material/arrow_forward:",
            query_params={"model": record.card.id},
        )
        with subgroups_place:
            subgroups.show(record, view)


def _overview(record: TestRecord, threshold: float) -> None:
    """Draw matrix and verdicts beside metrics and curves."""
    measured = test_record.measure_record(record.key, threshold, record.test, record.card.thresholds)
    left, right = st.columns([5, 7], gap="large")
    with left:
        matrix.show_matrix(measured.summary.confusion, measured.states, record.card.finding)
        st.html(matrix.verdicts_html(measured.states, record.card.thresholds, record.card.finding))
    with right:
        measures, curves, clinic, boxes, heatmaps = st.tabs(
            ["Metrics", "Curves", "Predictive values", "Findings", "Heatmaps"]
        )
        with measures:
            st.html(failures_measures.measures_html(measured.summary, record.card.finding))
        with curves:
            failures_curves.show(record, threshold)
        with clinic:
            prevalence.show(record, measured.summary)
        with boxes:
            findings_tab.show(record)
        with heatmaps:
            heatmaps_tab.show(record)


main()
