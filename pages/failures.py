"""Failures: where a model goes wrong on films it never saw, and what those films look like."""

import streamlit as st

from pages.components.common import model_choice, test_record
from pages.components.common.test_record import TestRecord
from pages.components.failures import case, gallery, matrix, prevalence, review_files, state, subgroups
from pages.components.failures import curves as failures_curves
from pages.components.failures import measures as failures_measures


def main() -> None:
    """Draws the page for the chosen model."""
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
        # The opened film is what matters now; the numbers wait out of its way.
        with st.expander("Confusion matrix, measures and curves"):
            _overview(record, threshold)
        case.show(record, view)
    else:
        _overview(record, threshold)
        # Drawn last: comparing slices takes a moment, and everything else follows the threshold at once.
        slices = st.container()
        gallery.show(record, view)
        review_files.show(record)
        st.page_link(
            "pages/labels.py",
            label="Suspected label errors among these films and those of the training",
            icon=":material/arrow_forward:",
            query_params={"model": record.card.id},
        )
        with slices:
            subgroups.show(record, view)


def _overview(record: TestRecord, threshold: float) -> None:
    """The numbers at a threshold: matrix and verdicts beside measures and curves."""
    measured = test_record.measure_record(record.key, threshold, record.test, record.card.thresholds)
    left, right = st.columns([5, 7], gap="large")
    with left:
        matrix.show_matrix(measured.summary.confusion, measured.states, record.card.finding)
        st.html(matrix.verdicts_html(measured.states, record.card.thresholds, record.card.finding))
    with right:
        measures, curves, clinic = st.tabs(["Measures", "Curves", "In a clinic"])
        with measures:
            st.html(failures_measures.measures_html(measured.summary, record.card.finding))
        with curves:
            failures_curves.show(record, threshold)
        with clinic:
            prevalence.show(record, measured.summary)


main()
