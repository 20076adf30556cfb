"""Failures: where a model goes wrong on films it never saw, and what those films look like."""

import streamlit as st

from pages.parts import (
    failures_case,
    failures_curves,
    failures_gallery,
    failures_matrix,
    failures_measures,
    failures_prevalence,
    failures_record,
    failures_review_files,
    failures_slices,
    failures_state,
    layout,
    model_record,
)
from pages.parts.failures_record import Record


def main() -> None:
    """Draws the page for the chosen model."""
    failures_matrix.style()
    layout.title("Failures", "Where a model goes wrong on its test films, how often, and on which.")
    left, right = st.columns(2, gap="large", vertical_alignment="bottom")
    record = model_record.choose(left)
    if record is None:
        return
    with right:
        threshold = failures_state.choose_threshold(record.card)
    st.html(failures_record.provenance(record))
    view = failures_state.view(record, threshold)
    failures_state.share(view, record)
    if view.case:
        # The opened film is what matters now; the numbers wait out of its way.
        with st.expander("Confusion matrix, measures and curves"):
            _overview(record, threshold)
        failures_case.show(record, view)
    else:
        _overview(record, threshold)
        # Drawn last: comparing slices takes a moment, and everything else follows the threshold at once.
        slices = st.container()
        failures_gallery.show(record, view)
        failures_review_files.show(record)
        st.page_link(
            "pages/labels.py",
            label="Suspected label errors among these films and those of the training",
            icon=":material/arrow_forward:",
            query_params={"model": record.card.id},
        )
        with slices:
            failures_slices.show(record, view)


def _overview(record: Record, threshold: float) -> None:
    """The numbers at a threshold: matrix and verdicts beside measures and curves."""
    measured = failures_record.measure(record.key, threshold, record.test, record.card.thresholds)
    left, right = st.columns([5, 7], gap="large")
    with left:
        failures_matrix.matrix(measured.summary.confusion, measured.states, record.card.finding)
        st.html(failures_matrix.verdicts(measured.states, record.card.thresholds, record.card.finding))
    with right:
        measures, curves, clinic = st.tabs(["Measures", "Curves", "In a clinic"])
        with measures:
            st.html(failures_measures.measures(measured.summary, record.card.finding))
        with curves:
            failures_curves.show(record, threshold)
        with clinic:
            failures_prevalence.show(record, measured.summary)


main()
